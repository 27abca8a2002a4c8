package hudson.slaves;
public class AbstractCloudSlave extends hudson.model.Node {
    public AbstractCloudSlave(String name) { super(name); }
}
