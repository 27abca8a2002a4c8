package hudson.model;
public class StringParameterValue extends ParameterValue {
    public final String value;

    public StringParameterValue(String name, String value) {
        super(name);
        this.value = value;
    }
}
