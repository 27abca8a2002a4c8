package hudson.util;
public class Secret {
    public static int encrypted;

    public static Secret fromString(String text) { return new Secret(); }

    public String getEncryptedValue() {
        encrypted++;
        return "{x}";
    }
}
