package hudson.model;
import java.util.*;
import java.util.concurrent.*;
public class Computer {
    public static final ExecutorService threadPoolForRemoting = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });
    private final String name;
    private final List<Executor> executors = new ArrayList<>();
    private final List<Executor> oneOffExecutors = new ArrayList<>();
    public boolean online = true;
    public boolean hangs;
    public boolean launched = true;

    public Computer(String name) { this.name = name; }

    public String getName() { return name; }
    public boolean isOnline() { return online; }
    public List<Executor> getExecutors() { return executors; }
    public List<Executor> getOneOffExecutors() { return oneOffExecutors; }
    public boolean isIdle() { return oneOffExecutors.isEmpty() && executors.stream().allMatch(Executor::isIdle); }
    public boolean isLaunchSupported() { return launched; }
    public String getSlaveVersion() { return "3148"; }
    public Object getDelegatedLauncher() { return new hudson.slaves.JNLPLauncher(); }

    public Map<Object, Object> getSystemProperties() throws InterruptedException {
        if (hangs) Thread.sleep(600_000);
        return new TreeMap<>(Map.of("java.version", "17.0.9"));
    }
}
