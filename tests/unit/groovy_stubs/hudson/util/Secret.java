package hudson.util;
public class Secret {
    public static Secret fromString(String text) { return new Secret(); }
    public String getEncryptedValue() { return "{x}"; }
}
