package hudson.model;
public abstract class Cause {
    public abstract String getShortDescription();

    public static class UserIdCause extends Cause {
        private String userId;

        public UserIdCause(String userId) { this.userId = userId; }
        public String getUserId() { return userId; }
        public String getShortDescription() { return "Started by user " + userId; }
    }

    public static class UpstreamCause extends Cause {
        public transient Run upstream;

        public UpstreamCause(Run upstream) { this.upstream = upstream; }
        public Run getUpstreamRun() { return upstream; }
        public String getShortDescription() { return "Started by upstream project"; }
    }

    public static class RemoteCause extends Cause {
        private String addr;
        private String note;

        public RemoteCause(String host, String note) {
            this.addr = host;
            this.note = note;
        }

        public String getAddr() { return addr; }
        public String getNote() { return note; }
        public String getShortDescription() { return "Started by remote host " + addr + " with note: " + note; }
    }
}
