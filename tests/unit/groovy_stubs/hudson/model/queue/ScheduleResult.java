package hudson.model.queue;
import hudson.model.Queue.WaitingItem;
public abstract class ScheduleResult {
    public boolean isRefused() { return false; }
    public WaitingItem getItem() { return null; }

    public static final class Created extends ScheduleResult {
        private final WaitingItem item;

        private Created(WaitingItem item) { this.item = item; }

        @Override
        public WaitingItem getItem() { return item; }
    }

    public static final class Refused extends ScheduleResult {
        @Override
        public boolean isRefused() { return true; }
    }

    public static Created created(WaitingItem item) { return new Created(item); }
    public static Refused refused() { return new Refused(); }
}
