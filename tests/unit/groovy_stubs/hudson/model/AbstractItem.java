package hudson.model;
import hudson.XmlFile;
import java.io.*;
import java.nio.file.Files;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;
import jenkins.model.Jenkins;
public abstract class AbstractItem extends Actionable implements Item {
    private final ItemGroup<?> parent;
    private String name;
    public int reloads;
    public int updates;

    protected AbstractItem(ItemGroup<?> parent, String name) {
        this.parent = parent;
        this.name = name;
    }

    public ItemGroup<?> getParent() { return parent; }
    public String getName() { return name; }

    public String getFullName() {
        return parent instanceof Item ? ((Item) parent).getFullName() + '/' + name : name;
    }

    public File getRootDir() {
        File above = parent instanceof AbstractItem ? ((AbstractItem) parent).getRootDir() : Jenkins.get().getRootDir();
        return new File(new File(above, "jobs"), name);
    }

    public final XmlFile getConfigFile() { return new XmlFile(new File(getRootDir(), "config.xml")); }
    public void doReload() throws IOException { reloads++; }

    public void onLoad(ItemGroup<? extends Item> parent, String name) throws IOException { this.name = name; }

    public void updateByXml(StreamSource source) throws IOException { updateByXml((Source) source); }

    public void updateByXml(Source source) throws IOException {
        updates++;
        write(((StreamSource) source).getReader());
    }

    public void write(Reader reader) throws IOException {
        getRootDir().mkdirs();
        try (Writer writer = Files.newBufferedWriter(getConfigFile().getFile().toPath())) {
            reader.transferTo(writer);
        }
    }

    public void delete() throws IOException, InterruptedException { parent.getItems().remove(this); }
}
