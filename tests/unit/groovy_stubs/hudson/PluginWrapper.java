package hudson;
public class PluginWrapper {
    public String getShortName() { return "git"; }
    public String getVersion() { return "5.2.1"; }
    public boolean isEnabled() { return true; }
    public boolean isActive() { return true; }
}
