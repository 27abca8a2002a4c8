package hudson.model;
import java.util.*;
public class Queue {
    private static final Queue INSTANCE = new Queue();
    public final List<Item> pendingItems = new ArrayList<>();
    public int maintained;

    public static Queue getInstance() { return INSTANCE; }
    public static void withLock(Runnable runnable) { runnable.run(); }
    public static <V> V withLock(java.util.concurrent.Callable<V> callable) throws Exception { return callable.call(); }
    public List<Item> getPendingItems() { return pendingItems; }
    public void scheduleMaintenance() { maintained++; }

    public interface Task {}

    public abstract static class Item {
        public final Task task;
        protected Item(Task task) { this.task = task; }
    }

    public abstract static class QueueDecisionHandler {
        public abstract boolean shouldSchedule(Task task, List<Action> actions);
    }
}
