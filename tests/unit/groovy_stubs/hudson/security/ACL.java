package hudson.security;
public class ACL {
    public static final Object SYSTEM2 = new Object();
    public static java.io.Closeable as2(Object authentication) { return () -> {}; }
}
