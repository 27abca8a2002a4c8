package hudson.model;
import java.util.*;
public abstract class Actionable {
    private final List<Action> actions = new ArrayList<>();

    public List<Action> getActions() { return actions; }

    public <T extends Action> List<T> getActions(Class<T> type) {
        List<T> found = new ArrayList<>();
        for (Action action : actions) if (type.isInstance(action)) found.add(type.cast(action));
        return found;
    }
}
