package hudson.model;
import java.io.File;
import java.util.*;
public class User {
    private final String id;
    private final boolean saved;

    private User(String id, boolean saved) {
        this.id = id;
        this.saved = saved;
    }

    public static User current() { return new User("ann", true); }
    public static Collection<User> getAll() { return List.of(current(), new User("unknown", false)); }
    public String getId() { return id; }
    public File getUserFolder() { return saved ? new File(System.getProperty("stub.home"), "users/" + id) : null; }
    public <T> T getProperty(Class<T> type) {
        return saved && type == MyViewsProperty.class ? type.cast(new MyViewsProperty()) : null;
    }
}
