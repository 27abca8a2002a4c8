package hudson;
import java.util.List;
public class PluginWrapper {
    public String getShortName() { return "git"; }
    public String getVersion() { return "5.2.1"; }
    public boolean isEnabled() { return true; }
    public boolean isActive() { return true; }
    public String getRequiredCoreVersion() { return "2.387.3"; }
    public List<Dependency> getDependencies() { return List.of(new Dependency("git-client", "4.5.0")); }
    public List<Dependency> getOptionalDependencies() { return List.of(new Dependency("jaxb", "2.3.0")); }

    public static final class Dependency {
        public final String shortName;
        public final String version;

        Dependency(String shortName, String version) {
            this.shortName = shortName;
            this.version = version;
        }
    }
}
