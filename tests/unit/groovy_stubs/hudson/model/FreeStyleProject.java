package hudson.model;
public class FreeStyleProject extends Job implements TopLevelItem, Queue.Task {
    public FreeStyleProject(ItemGroup<?> parent, String name) { super(parent, name); }
}
