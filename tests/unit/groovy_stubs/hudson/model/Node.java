package hudson.model;
import jenkins.model.Jenkins;
public class Node {
    private String name;
    public String remoteFS;

    public Node(String name) { this.name = name; }

    public String getNodeName() { return name; }

    public final Computer toComputer() {
        for (Computer computer : Jenkins.get().getComputers()) if (computer.getName().equals(name)) return computer;
        return null;
    }
}
