package hudson.model;
import java.util.*;
public class CauseAction implements Action {
    private final List<Cause> causes = new ArrayList<>();

    public CauseAction(Cause cause) { causes.add(cause); }
    public CauseAction(Cause... causes) { this.causes.addAll(Arrays.asList(causes)); }
    public CauseAction(Collection<? extends Cause> causes) { this.causes.addAll(causes); }
    public CauseAction(CauseAction other) { this.causes.addAll(other.causes); }
    public List<Cause> getCauses() { return Collections.unmodifiableList(causes); }
}
