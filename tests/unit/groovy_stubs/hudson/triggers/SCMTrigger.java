package hudson.triggers;
public class SCMTrigger {
    public static class SCMTriggerCause extends hudson.model.Cause {
        public String getShortDescription() { return "Started by an SCM change"; }
    }
}
