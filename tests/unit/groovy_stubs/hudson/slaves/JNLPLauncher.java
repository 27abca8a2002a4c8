package hudson.slaves;
public class JNLPLauncher {
}
