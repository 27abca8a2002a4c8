package hudson.slaves;
public class Cloud {
    public final String name;
    public String template;

    public Cloud(String name) { this.name = name; }
}
