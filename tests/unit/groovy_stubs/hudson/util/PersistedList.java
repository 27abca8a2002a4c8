package hudson.util;
import java.util.*;
public class PersistedList<T> extends AbstractList<T> {
    private final List<T> data = new ArrayList<>();
    public int replaced;

    @Override
    public T get(int index) { return data.get(index); }

    @Override
    public int size() { return data.size(); }

    @Override
    public boolean add(T item) { return data.add(item); }

    public void replaceBy(Collection<? extends T> items) {
        replaced++;
        data.clear();
        data.addAll(items);
    }
}
