package hudson.slaves;
public abstract class AbstractCloudSlave {}
