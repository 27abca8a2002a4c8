package hudson.model;
public class Executor {
    private final Queue.Executable executable;

    public Executor(Queue.Executable executable) { this.executable = executable; }
    public Queue.Executable getCurrentExecutable() { return executable; }
    public boolean isIdle() { return executable == null; }
}
