package hudson.model;
import java.util.*;
public class CauseAction implements Action {
    private final List<Cause> causes;

    public CauseAction(Cause... causes) { this.causes = Arrays.asList(causes); }
    public CauseAction(Collection<? extends Cause> causes) { this.causes = new ArrayList<>(causes); }
    public List<Cause> getCauses() { return causes; }
}
