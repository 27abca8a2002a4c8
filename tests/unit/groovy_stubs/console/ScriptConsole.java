package console;
import groovy.lang.Binding;
import groovy.lang.GroovyShell;
import java.io.*;
import org.codehaus.groovy.control.CompilerConfiguration;
import org.codehaus.groovy.control.customizers.ImportCustomizer;
/** Runs a script as /scriptText does: the same imports, its own output, and errors as text. */
public class ScriptConsole {
    public static String run(String script) {
        CompilerConfiguration configuration = new CompilerConfiguration();
        configuration.addCompilationCustomizers(new ImportCustomizer().addStarImports("jenkins", "jenkins.model", "hudson", "hudson.model"));
        GroovyShell shell = new GroovyShell(ScriptConsole.class.getClassLoader(), new Binding(), configuration);
        StringWriter out = new StringWriter();
        PrintWriter writer = new PrintWriter(out);
        shell.setVariable("out", writer);
        try {
            Object output = shell.evaluate(script);
            if (output != null) writer.println("Result: " + output);
        } catch (Throwable error) {
            error.printStackTrace(writer);
        }
        return out.toString();
    }
}
