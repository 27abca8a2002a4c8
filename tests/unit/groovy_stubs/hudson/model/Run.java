package hudson.model;
import java.io.File;
public class Run extends Actionable implements Queue.Executable {
    private final Job project;
    private final int number;
    private final long timestamp;
    public boolean building;
    public boolean saved = true;
    public long duration = 1000;
    public Object result = "SUCCESS";

    public Run(Job project, int number, long timestamp) {
        this.project = project;
        this.number = number;
        this.timestamp = timestamp;
        project._getRuns().put(number, this);
        getRootDir().mkdirs();
    }

    public Job getParent() { return project; }
    public int getNumber() { return number; }
    public final long getTimeInMillis() { return timestamp; }
    public final long getStartTimeInMillis() { return timestamp + 5; }
    public long getDuration() { return duration; }
    public Object getResult() { return result; }
    public boolean isBuilding() { return building; }
    public boolean isLogUpdated() { return building || !saved; }
    public File getRootDir() { return new File(project.getBuildDir(), String.valueOf(number)); }
    public String getFullDisplayName() { return project.getFullName() + " #" + number; }

    public Run getPreviousBuild() {
        Integer below = project._getRuns().lowerKey(number);
        return below == null ? null : project._getRuns().get(below);
    }
}
