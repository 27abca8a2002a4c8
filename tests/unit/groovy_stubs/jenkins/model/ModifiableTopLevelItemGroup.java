package jenkins.model;
import hudson.model.*;
import java.io.*;
public interface ModifiableTopLevelItemGroup extends ItemGroup<TopLevelItem> {
    TopLevelItem createProjectFromXML(String name, InputStream xml) throws IOException;
}
