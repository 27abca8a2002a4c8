package hudson;
import java.io.*;
import java.nio.file.Files;
public final class XmlFile {
    private final File file;

    public XmlFile(File file) { this.file = file; }

    public File getFile() { return file; }
    public String asString() throws IOException { return new String(Files.readAllBytes(file.toPath()), "UTF-8"); }
}
