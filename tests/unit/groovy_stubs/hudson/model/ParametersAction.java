package hudson.model;
import java.util.*;
public class ParametersAction implements Action {
    private final List<ParameterValue> parameters;

    public ParametersAction(List<ParameterValue> parameters) { this.parameters = new ArrayList<>(parameters); }
    public List<ParameterValue> getAllParameters() { return parameters; }
}
