package hudson.model;
import java.util.Collection;
public interface ViewGroup {
    Collection<View> getViews();
}
