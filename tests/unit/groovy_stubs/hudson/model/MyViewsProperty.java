package hudson.model;
import java.util.*;
public class MyViewsProperty implements ViewGroup {
    public Collection<View> getViews() { return List.of(new View("mine"), new NestedView("group", new View("inner"))); }
}
