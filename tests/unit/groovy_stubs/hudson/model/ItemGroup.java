package hudson.model;
import java.util.*;
public interface ItemGroup<T extends Item> {
    Collection<T> getItems();

    default <I extends Item> Iterable<I> allItems(Class<I> type) {
        List<I> found = new ArrayList<>();
        for (T item : getItems()) {
            if (type.isInstance(item)) found.add(type.cast(item));
            if (item instanceof ItemGroup) for (Object below : ((ItemGroup<?>) item).allItems(type)) found.add(type.cast(below));
        }
        return Collections.unmodifiableList(found)::iterator;
    }

    default <I extends Item> List<I> getAllItems(Class<I> type) {
        List<I> found = new ArrayList<>();
        allItems(type).forEach(found::add);
        return found;
    }
}
