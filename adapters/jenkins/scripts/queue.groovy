// ci-upgrade script: queue
import hudson.model.Cause
import hudson.model.Item
import hudson.model.Queue
import hudson.security.ACL
import hudson.triggers.SCMTrigger
import hudson.triggers.TimerTrigger
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def pending = Queue.instance.pendingItems.collect { it.id } as Set
    def waiting = new ArrayList(Arrays.asList(Queue.instance.items)).findAll {
        it.task instanceof Item && it.task.class.name != 'hudson.matrix.MatrixConfiguration' && !pending.contains(it.id)
    }.sort { it.id }
    def items = waiting.collect { item ->
        def causes = item.causes
        def relays = causes.findAll { it instanceof Cause.RemoteCause && it.addr == 'ci-upgrade' && it.note }
        def match = relays ? relays.last().note =~ /^relay (\S+):/ : null
        def actions = ''
        try {
            actions = Jenkins.XSTREAM2.toXML(new ArrayList(item.allActions))
        } catch (Exception ignored) {
            // Told as unreadable when it is submitted; the item stays where it is.
        }
        [
            id: item.id,
            job: item.task.fullName,
            sinceMs: item.inQueueSince,
            timer: !causes.isEmpty() && causes.every { it instanceof TimerTrigger.TimerTriggerCause || it instanceof SCMTrigger.SCMTriggerCause },
            actions: actions,
            who: causes.collect { it.shortDescription }.join(', '),
            relay: match && match.find() ? match.group(1) : null,
        ]
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([items: items]))
} finally {
    context.close()
}
