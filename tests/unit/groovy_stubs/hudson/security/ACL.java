package hudson.security;
public abstract class ACL {
    public static final Object SYSTEM2 = new Object();
    public static int impersonated;

    public static ACLContext as2(Object authentication) {
        impersonated++;
        return new ACLContext();
    }
}
