package hudson.triggers;
public class TimerTrigger {
    public static class TimerTriggerCause extends hudson.model.Cause {
        public String getShortDescription() { return "Started by timer"; }
    }
}
