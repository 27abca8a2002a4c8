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

// By this the `build` step of a Pipeline is told how the build ends, and that its item was cancelled: it means nothing elsewhere.
def isPipelineWaiting = { it.getClass().name == 'org.jenkinsci.plugins.workflow.support.steps.build.BuildTriggerAction' }

def xml = { item ->
    try {
        // Only what belongs to the item itself: transient actions are made again where it goes.
        return Jenkins.XSTREAM2.toXML(new ArrayList(item.actions.findAll { !isPipelineWaiting(it) }))
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

// As the guard of a follower tells what its owner's own clock starts.
def byClock = { cause ->
    for (Class type = cause.getClass(); type != null; type = type.superclass) {
        if (type.name == 'org.jenkinsci.lib.xtrigger.XTriggerCause') {
            return true
        }
    }
    return cause instanceof TimerTrigger.TimerTriggerCause || cause instanceof SCMTrigger.SCMTriggerCause
}

def awaitedBy = { item, causes ->
    def upstream = !item.actions.any(isPipelineWaiting) ? null : causes.findAll { it instanceof Cause.UpstreamCause }.collect { it.upstreamRun }.find {
        it != null && it.building
    }
    return upstream == null ? null : upstream.parent.fullName + ' #' + upstream.number
}

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
            awaitedBy: awaitedBy(item, causes),
            delayMs: item instanceof Queue.WaitingItem ? Math.max(0L, item.timestamp.timeInMillis - System.currentTimeMillis()) : 0,
        ]
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([items: items]))
} finally {
    context.close()
}
