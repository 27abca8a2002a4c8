package hudson;
import java.util.*;
/** Like the real one it appends whatever the index, copies on write, and cannot be changed through its iterator. */
public class ExtensionList<T> extends AbstractList<T> {
    private static final Map<Class<?>, ExtensionList<?>> LISTS = new HashMap<>();
    private volatile List<T> extensions = List.of();
    public int fewest = Integer.MAX_VALUE;

    @SuppressWarnings("unchecked")
    public static <T> ExtensionList<T> lookup(Class<T> type) {
        return (ExtensionList<T>) LISTS.computeIfAbsent(type, key -> new ExtensionList<T>());
    }

    @Override
    public T get(int index) { return extensions.get(index); }

    @Override
    public int size() { return extensions.size(); }

    @Override
    public Iterator<T> iterator() { return Collections.unmodifiableList(extensions).iterator(); }

    @Override
    public void add(int index, T element) {
        List<T> changed = new ArrayList<>(extensions);
        changed.add(element);
        extensions = changed;
    }

    @Override
    public boolean remove(Object element) {
        List<T> changed = new ArrayList<>(extensions);
        boolean removed = changed.remove(element);
        extensions = changed;
        fewest = Math.min(fewest, changed.size());
        return removed;
    }
}
