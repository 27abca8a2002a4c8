package hudson.model;
public class FileParameterValue extends ParameterValue {
    public FileParameterValue(String name) { super(name); }
}
