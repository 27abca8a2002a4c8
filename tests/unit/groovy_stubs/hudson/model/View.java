package hudson.model;
public class View {
    private final String name;

    public View(String name) { this.name = name; }
    public String getViewName() { return name; }
}
