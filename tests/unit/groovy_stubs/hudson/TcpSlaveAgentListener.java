package hudson;
public class TcpSlaveAgentListener {
    public final int configuredPort;
    public TcpSlaveAgentListener(int port) { configuredPort = port; }
    public int getPort() { return configuredPort == 0 ? 40001 : configuredPort; }
}
