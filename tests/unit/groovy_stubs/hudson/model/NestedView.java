package hudson.model;
import java.util.*;
public class NestedView extends View implements ViewGroup {
    private final List<View> views;

    public NestedView(String name, View... views) { super(name); this.views = List.of(views); }
    public Collection<View> getViews() { return views; }
}
