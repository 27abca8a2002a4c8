package hudson.model.queue;
import hudson.model.Queue;
public abstract class QueueTaskDispatcher {
    public CauseOfBlockage canRun(Queue.Item item) { return null; }
}
