package hudson.matrix;
import hudson.model.*;
public class MatrixConfiguration extends Job implements Queue.Task {
    public MatrixConfiguration(ItemGroup<?> parent, String name) { super(parent, name); }

    @Override
    public int getNextBuildNumber() { return 0; }
}
