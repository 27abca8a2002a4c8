package hudson.model;
import java.util.*;
public class User {
    public static User current() { return new User(); }
    public static Collection<User> getAll() { return List.of(new User()); }
    public String getId() { return "ann"; }
    public <T> T getProperty(Class<T> type) { return type == MyViewsProperty.class ? type.cast(new MyViewsProperty()) : null; }
}
