package hudson;
public class ExtensionList<T> extends java.util.ArrayList<T> {
    private static final java.util.Map<Class<?>, ExtensionList<?>> LISTS = new java.util.HashMap<>();

    @SuppressWarnings("unchecked")
    public static <T> ExtensionList<T> lookup(Class<T> type) {
        return (ExtensionList<T>) LISTS.computeIfAbsent(type, key -> new ExtensionList<T>());
    }
}
