package jenkins.model;
import hudson.model.*;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
/** Stands for the folder plugin's class of multibranch projects: it is a task of the queue and makes its own children. */
public class ComputedFolder extends AbstractItem implements TopLevelItem, Queue.Task, ItemGroup<TopLevelItem> {
    private final List<TopLevelItem> items = new ArrayList<>();

    public ComputedFolder(ItemGroup<?> parent, String name) { super(parent, name); }
    public Collection<TopLevelItem> getItems() { return items; }
}
