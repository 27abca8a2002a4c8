package jenkins.model;
import hudson.PluginManager;
import hudson.TcpSlaveAgentListener;
import hudson.model.*;
import hudson.slaves.Cloud;
import hudson.util.PersistedList;
import hudson.util.XStream2;
import java.io.*;
import java.util.*;
import java.util.logging.LogRecord;
public class Jenkins implements ViewGroup, ModifiableTopLevelItemGroup {
    public static final XStream2 XSTREAM2 = new XStream2();
    public static final Object ADMINISTER = new Object();
    public static String VERSION = "2.426.2";
    public static List<LogRecord> logRecords = new ArrayList<>();
    private static final Jenkins INSTANCE = new Jenkins();
    private final List<TopLevelItem> items = new ArrayList<>();
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final List<Computer> computers = new ArrayList<>(List.of(new Computer("")));
    private int numExecutors = 2;
    private int slaveAgentPort = -1;
    private TcpSlaveAgentListener listener;
    public boolean enforced;
    public int saved = -1;
    public final Set<Integer> taken = new HashSet<>();
    public final PersistedList<Cloud> clouds = new PersistedList<>();

    public static Jenkins get() { return INSTANCE; }
    public File getRootDir() { return new File(System.getProperty("stub.home")); }
    public String getRootUrl() { return "http://ci.example.com/"; }
    public String getRawBuildsDir() { return "${ITEM_ROOTDIR}/builds"; }
    public int getSlaveAgentPort() { return slaveAgentPort; }
    public TcpSlaveAgentListener getTcpSlaveAgentListener() { return listener; }
    public void save() throws IOException { saved = slaveAgentPort; }

    public void setSlaveAgentPort(int port) throws IOException {
        if (enforced) return;
        slaveAgentPort = port;
        if (listener != null && listener.configuredPort != port) listener = null;
        if (port != -1 && listener == null && !taken.contains(port)) listener = new TcpSlaveAgentListener(port);
    }

    public boolean isQuietingDown() { return false; }
    public boolean hasPermission(Object permission) { return true; }
    public PluginManager getPluginManager() { return new PluginManager(); }
    public Collection<TopLevelItem> getItems() { return items; }
    public Collection<View> getViews() { return List.of(new View("all")); }
    public Computer[] getComputers() { return computers.toArray(new Computer[0]); }
    public List<Node> getNodes() { return new ArrayList<>(nodes.values()); }
    public Node getNode(String name) { return nodes.get(name); }
    public int getNumExecutors() { return numExecutors; }
    public void setNumExecutors(int number) throws IOException { numExecutors = number; }

    public void addNode(Node node) throws IOException {
        removeNode(node);
        nodes.put(node.getNodeName(), node);
        computers.add(new Computer(node.getNodeName()));
    }

    public void removeNode(Node node) throws IOException {
        nodes.remove(node.getNodeName());
        computers.removeIf(computer -> computer.getName().equals(node.getNodeName()));
    }

    public Item getItemByFullName(String name) { return getItemByFullName(name, Item.class); }

    public <T extends Item> T getItemByFullName(String name, Class<T> type) {
        for (T item : allItems(type)) if (item.getFullName().equals(name)) return item;
        return null;
    }

    public TopLevelItem createProjectFromXML(String name, InputStream xml) throws IOException {
        return create(this, items, name, xml);
    }

    static TopLevelItem create(ItemGroup<?> parent, List<TopLevelItem> items, String name, InputStream xml) throws IOException {
        String text = new String(xml.readAllBytes(), "UTF-8");
        if (text.contains("<unknown")) throw new IOException("no class <unknown>");
        AbstractItem item = text.contains("<folder") ? new Folder(parent, name) : new FreeStyleProject(parent, name);
        item.write(new StringReader(text));
        items.add((TopLevelItem) item);
        return (TopLevelItem) item;
    }
}
