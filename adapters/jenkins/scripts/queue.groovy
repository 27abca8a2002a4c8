// ci-upgrade script: queue
import hudson.model.Cause
import hudson.model.CauseAction
import hudson.model.Item
import hudson.model.Queue
import hudson.security.ACL
import hudson.triggers.SCMTrigger
import hudson.triggers.TimerTrigger
import java.util.concurrent.Callable
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))

// Under the lock: an item must not be given to an executor between the two lists.
def waiting = {
    def leaving = Queue.instance.pendingItems.collect { it.id } as Set
    Queue.instance.items.findAll {
        it.task instanceof Item && it.task.getClass().name != 'hudson.matrix.MatrixConfiguration' && !leaving.contains(it.id)
    }
}

def xml = { item ->
    try {
        // Only what belongs to the item itself: transient actions are made again where it goes.
        return Jenkins.XSTREAM2.toXML(new ArrayList(item.actions))
    } catch (Exception | LinkageError ignored) {
        // Found unreadable when it is submitted; the item stays where it is.
        return ''
    }
}

def describe = { cause ->
    try {
        return cause.shortDescription ?: ''
    } catch (Exception | LinkageError ignored) {
        return cause.getClass().simpleName
    }
}

def relayId = { causes ->
    def notes = causes.findAll { it instanceof Cause.RemoteCause && it.addr == 'ci-upgrade' && it.note }.collect { it.note =~ /^relay (\S+):/ }
    return notes.findAll { it.find() }.collect { it.group(1) }.reverse().find()
}

def byClock = { it instanceof TimerTrigger.TimerTriggerCause || it instanceof SCMTrigger.SCMTriggerCause }
def context = ACL.as2(ACL.SYSTEM2)
try {
    def items = Queue.withLock((Callable) waiting).sort { it.id }.collect { item ->
        def causes = item.getActions(CauseAction).collectMany { it.causes }
        [
            id: item.id,
            job: item.task.fullName,
            sinceMs: item.inQueueSince,
            timer: !causes.isEmpty() && causes.every(byClock),
            actions: xml(item),
            who: causes.collect(describe).join(', '),
            relay: relayId(causes),
            delayMs: item instanceof Queue.WaitingItem ? Math.max(0L, item.timestamp.timeInMillis - System.currentTimeMillis()) : 0,
        ]
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([items: items]))
} finally {
    context.close()
}
