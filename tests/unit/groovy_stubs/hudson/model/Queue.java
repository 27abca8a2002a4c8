package hudson.model;
import hudson.ExtensionList;
import hudson.model.queue.ScheduleResult;
import java.util.*;
public class Queue {
    private static final Queue INSTANCE = new Queue();
    private static int locked;
    private final List<Item> items = new ArrayList<>();
    private final List<BuildableItem> pendings = new ArrayList<>();
    private final List<LeftItem> left = new ArrayList<>();
    public int maintained;

    public static Queue getInstance() { return INSTANCE; }

    public static void withLock(Runnable runnable) {
        locked++;
        try {
            runnable.run();
        } finally {
            locked--;
        }
    }

    public static <V, T extends Throwable> V withLock(hudson.remoting.Callable<V, T> callable) throws T {
        throw new AssertionError("not the overload that was meant");
    }

    public static <V> V withLock(java.util.concurrent.Callable<V> callable) throws Exception {
        locked++;
        try {
            return callable.call();
        } finally {
            locked--;
        }
    }

    public static void requireLock() {
        if (locked == 0) throw new IllegalStateException("the queue lock is not held");
    }

    public Item[] getItems() {
        List<Item> all = new ArrayList<>(items);
        all.addAll(pendings);
        return all.toArray(new Item[0]);
    }

    public List<BuildableItem> getPendingItems() {
        requireLock();
        return new ArrayList<>(pendings);
    }

    public boolean cancel(Task task) { throw new AssertionError("not the overload that was meant"); }
    public boolean cancel(Item item) { return items.remove(item); }
    public void scheduleMaintenance() { maintained++; }

    public ScheduleResult schedule2(Task task, int quietPeriod, List<Action> actions) {
        requireLock();
        for (QueueDecisionHandler handler : ExtensionList.lookup(QueueDecisionHandler.class))
            if (!handler.shouldSchedule(task, actions)) return ScheduleResult.refused();
        return ScheduleResult.created(enter(new WaitingItem(task, actions, quietPeriod)));
    }

    public ScheduleResult schedule2(Task task, int quietPeriod, Action... actions) {
        throw new AssertionError("not the overload that was meant");
    }

    public <I extends Item> I enter(I item) {
        items.add(0, item);
        return item;
    }

    public BuildableItem pend(BuildableItem item) {
        pendings.add(item);
        return item;
    }

    public Collection<LeftItem> getLeftItems() { return left; }

    public void leave(Item item) {
        items.remove(item);
        left.add(new LeftItem(item));
    }

    public interface Task {}

    public interface Executable {}

    public abstract static class Item extends Actionable {
        private static long ids;
        private final long id = ++ids;
        public final Task task;

        protected Item(Task task, List<Action> actions) {
            this.task = task;
            getActions().addAll(actions);
        }

        public long getId() { return id; }
        public Task getTask() { return task; }
        public long getInQueueSince() { return 1_700_000_000_000L + id; }
    }

    public static class WaitingItem extends Item {
        public Calendar timestamp = Calendar.getInstance();

        public WaitingItem(Task task, List<Action> actions) { this(task, actions, 0); }

        public WaitingItem(Task task, List<Action> actions, int quietPeriod) {
            super(task, actions);
            timestamp.add(Calendar.SECOND, quietPeriod);
        }
    }

    public static class BuildableItem extends Item {
        public BuildableItem(Task task, List<Action> actions) { super(task, actions); }
    }

    public static class LeftItem extends Item {
        public LeftItem(Item item) { super(item.task, new ArrayList<>(item.getActions())); }
    }

    public abstract static class QueueDecisionHandler {
        public abstract boolean shouldSchedule(Task task, List<Action> actions);
    }
}
