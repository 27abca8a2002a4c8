package hudson.model;
import hudson.ExtensionList;
public abstract class AdministrativeMonitor {
    public final String id = getClass().getName();

    public String getDisplayName() { return id; }
    public boolean isEnabled() { return true; }
    public abstract boolean isActivated();
    public static ExtensionList<AdministrativeMonitor> all() { return ExtensionList.lookup(AdministrativeMonitor.class); }
}
