package jenkins.model;
import hudson.model.*;
import java.io.*;
import java.util.*;
/** Stands for the folder plugin's class. */
public class Folder extends AbstractItem implements TopLevelItem, ViewGroup, ModifiableTopLevelItemGroup {
    private final List<TopLevelItem> items = new ArrayList<>();

    public Folder(ItemGroup<?> parent, String name) { super(parent, name); }

    public Collection<TopLevelItem> getItems() { return items; }
    public Collection<View> getViews() { return List.of(new View("All")); }

    public TopLevelItem createProjectFromXML(String name, InputStream xml) throws IOException {
        return Jenkins.create(this, items, name, xml);
    }
}
