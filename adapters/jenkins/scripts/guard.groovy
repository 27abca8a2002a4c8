// ci-upgrade script: guard
import hudson.ExtensionList
import hudson.model.Action
import hudson.model.CauseAction
import hudson.model.Item
import hudson.model.Queue
import hudson.model.queue.CauseOfBlockage
import hudson.model.queue.QueueTaskDispatcher
import hudson.triggers.SCMTrigger
import hudson.triggers.TimerTrigger
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import jenkins.model.Jenkins

class CiUpgradeReason extends CauseOfBlockage {
    private final String text

    CiUpgradeReason(String text) {
        this.text = text
    }

    @Override
    String getShortDescription() {
        return text
    }
}

// Holds new builds. Asked for every queue item again and again, so it must stay cheap.
class CiUpgradeHold extends QueueTaskDispatcher {
    final String role
    final String upgrade
    final Set<String> busy

    CiUpgradeHold(String role, String upgrade, Collection<String> busy) {
        this.role = role
        this.upgrade = upgrade
        this.busy = new HashSet<String>(busy)
    }

    // What a running build asks for (`node` blocks, cells of a matrix) goes on; only new builds wait.
    static boolean isNewBuild(Object task) {
        return task instanceof Item && task.getClass().name != 'hudson.matrix.MatrixConfiguration'
    }

    @Override
    CauseOfBlockage canRun(Queue.Item item) {
        def task = item.task
        if (!isNewBuild(task)) {
            return null
        }
        if (role == 'owner') {
            return busy.contains(task.fullName) ? new CiUpgradeReason('ci-upgrade: a build of it is still ending on the other controller') : null
        }
        // Made by the bot itself while it validates a follower, and removed at once.
        if (role == 'follower' && task.fullName == 'ci-upgrade-smoke-' + upgrade) {
            return null
        }
        return new CiUpgradeReason('ci-upgrade: builds run on the other controller, this one will be started there')
    }
}

// Refuses what the owner's own timers and polling start there as well. The periodic scan of a folder carries the timer's cause too.
class CiUpgradeVeto extends Queue.QueueDecisionHandler {
    // The polling triggers of many plugins (files, addresses, scripts) share a library, whose cause is known by name only.
    static boolean byClock(Object cause) {
        for (Class type = cause.getClass(); type != null; type = type.superclass) {
            if (type.name == 'org.jenkinsci.lib.xtrigger.XTriggerCause') {
                return true
            }
        }
        return cause instanceof TimerTrigger.TimerTriggerCause || cause instanceof SCMTrigger.SCMTriggerCause
    }

    @Override
    boolean shouldSchedule(Queue.Task task, List<Action> actions) {
        def causes = actions.findAll { it instanceof CauseAction }.collectMany { it.causes }
        return !(task instanceof Item) || causes.isEmpty() || !causes.every { byClock(it) }
    }
}

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def file = new File(Jenkins.get().rootDir, 'init.groovy.d/ci-upgrade-guard.groovy')
def holds = ExtensionList.lookup(QueueTaskDispatcher)
def vetoes = ExtensionList.lookup(Queue.QueueDecisionHandler)
// Each run of a script has classes of its own: what an earlier run installed is found by name.
def installed = { list, name -> new ArrayList(list).findAll { it.getClass().simpleName == name } }

def install = {
    def oldHolds = installed(holds, 'CiUpgradeHold')
    def oldVetoes = installed(vetoes, 'CiUpgradeVeto')
    // The new guard comes before the old one goes: a follower is never without.
    if (arguments.role != 'owner' || arguments.busy) {
        holds.add(0, new CiUpgradeHold(arguments.role, arguments.upgrade, arguments.role == 'owner' ? arguments.busy : []))
    }
    if (arguments.role == 'follower') {
        vetoes.add(0, new CiUpgradeVeto())
    }
    oldHolds.each { holds.remove((Object) it) }
    oldVetoes.each { vetoes.remove((Object) it) }
}

def persist = {
    file.parentFile.mkdirs()
    def temporary = new File(file.parentFile, file.name + '.tmp')
    temporary.setText(new String(arguments.source.decodeBase64(), 'UTF-8'), 'UTF-8')
    Files.move(temporary.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING)
}

if (arguments.role != null) {
    if (!(arguments.role in ['owner', 'holding', 'follower'])) {
        throw new IllegalArgumentException('unknown role ' + arguments.role)
    }
    if (arguments.role == 'owner') {
        // Before anything is released: a guard that cannot be deleted would come back with the next start.
        Files.deleteIfExists(file.toPath())
    }
    Queue.withLock((Runnable) install)
    if (arguments.role == 'follower' && arguments.source != null) {
        persist()
    }
    if (arguments.role == 'owner') {
        Queue.instance.scheduleMaintenance()
    }
}

def state = [role: 'owner', upgrade: null, busy: [], persisted: file.exists(), pending: 0]
def read = {
    def hold = installed(holds, 'CiUpgradeHold').find()
    if (hold != null) {
        // A hold without its veto is no follower, whatever it was told to be.
        state.role = hold.role == 'follower' && !installed(vetoes, 'CiUpgradeVeto') ? 'holding' : hold.role
        state.upgrade = hold.upgrade
        state.busy = hold.busy.sort()
    }
    state.pending = Queue.instance.pendingItems.count { CiUpgradeHold.isNewBuild(it.task) }
}
Queue.withLock((Runnable) read)
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(state))
