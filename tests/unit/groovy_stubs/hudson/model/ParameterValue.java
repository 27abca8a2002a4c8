package hudson.model;
public abstract class ParameterValue {
    protected final String name;

    protected ParameterValue(String name) { this.name = name; }
    public final String getName() { return name; }
}
