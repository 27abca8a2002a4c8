package hudson.model;
import java.util.*;
public class ParametersAction implements Action {
    public final Map<String, String> parameters;

    public ParametersAction(Map<String, String> parameters) { this.parameters = new LinkedHashMap<>(parameters); }
}
