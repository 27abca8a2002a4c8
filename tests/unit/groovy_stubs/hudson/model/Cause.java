package hudson.model;
public abstract class Cause {
    public abstract String getShortDescription();

    public static class RemoteCause extends Cause {
        private final String addr;
        private final String note;

        public RemoteCause(String addr, String note) {
            this.addr = addr;
            this.note = note;
        }

        public String getAddr() { return addr; }
        public String getNote() { return note; }
        public String getShortDescription() { return note; }
    }
}
