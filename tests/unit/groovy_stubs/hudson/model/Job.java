package hudson.model;
import java.io.*;
import java.util.*;
public abstract class Job extends AbstractItem {
    private final TreeMap<Integer, Run> runs = new TreeMap<>();
    private int nextBuildNumber = 1;
    public int loads;
    public boolean concurrent;
    public boolean disabled;

    protected Job(ItemGroup<?> parent, String name) { super(parent, name); }

    public TreeMap<Integer, Run> _getRuns() { return runs; }
    public File getBuildDir() { return new File(getRootDir(), "builds"); }
    public int getNextBuildNumber() { return nextBuildNumber; }

    public synchronized void updateNextBuildNumber(int next) throws IOException {
        if (runs.isEmpty() ? next > 0 : next > runs.lastKey()) nextBuildNumber = next;
    }

    public Run getLastBuild() {
        loads++;
        return runs.isEmpty() ? null : runs.lastEntry().getValue();
    }

    public Run getBuildByNumber(int number) { return runs.get(number); }
    public boolean isBuildable() { return !disabled; }
    public boolean isConcurrentBuild() { return concurrent; }

    @Override
    public void doReload() throws IOException {
        super.doReload();
        runs.values().removeIf(run -> !run.isBuilding() && !run.saved);
    }
}
