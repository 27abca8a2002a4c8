package hudson.diagnosis;
import java.util.*;
public class OldDataMonitor extends hudson.model.AdministrativeMonitor {
    private final Set<String> data = Set.of();

    @Override
    public boolean isActivated() { return true; }
    public Map<String, String> getData() { return Map.of("a", "1", "b", "2"); }
}
