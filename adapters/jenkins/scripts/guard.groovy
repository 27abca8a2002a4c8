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
    String role
    String upgrade
    Set<String> busy

    CiUpgradeHold(String role, String upgrade, Collection<String> busy) {
        this.role = role
        this.upgrade = upgrade
        this.busy = new HashSet<String>(busy)
    }

    @Override
    CauseOfBlockage canRun(Queue.Item item) {
        def task = item.task
        // What a running build asks for (`node` blocks, cells of a matrix) goes on; only new builds wait.
        if (!(task instanceof Item) || task.class.name == 'hudson.matrix.MatrixConfiguration') {
            return null
        }
        if (role == 'owner') {
            return busy.contains(task.fullName) ? new CiUpgradeReason('a build of it still ends on the other controller') : null
        }
        return new CiUpgradeReason('held: builds run on the other controller, this one is brought there')
    }
}

// Refuses what the owner's own timers and polling start there as well.
class CiUpgradeVeto extends Queue.QueueDecisionHandler {
    @Override
    boolean shouldSchedule(Queue.Task task, List<Action> actions) {
        def causes = []
        for (action in actions) {
            if (action instanceof CauseAction) {
                causes.addAll(action.causes)
            }
        }
        def byClock = { it instanceof TimerTrigger.TimerTriggerCause || it instanceof SCMTrigger.SCMTriggerCause }
        return !(task instanceof Item) || causes.isEmpty() || !causes.every(byClock)
    }
}

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def file = new File(Jenkins.get().rootDir, 'init.groovy.d/ci-upgrade-guard.groovy')
// Each run of a script has classes of its own: what an earlier run installed is found by name.
def installed = { list, name -> new ArrayList(list).findAll { it.class.simpleName == name } }
def holds = ExtensionList.lookup(QueueTaskDispatcher)
def vetoes = ExtensionList.lookup(Queue.QueueDecisionHandler)

if (arguments.role != null) {
    Queue.withLock({
        def oldHolds = installed(holds, 'CiUpgradeHold')
        def oldVetoes = installed(vetoes, 'CiUpgradeVeto')
        // The new guard comes before the old one goes: a follower is never without.
        if (arguments.role != 'owner' || arguments.busy) {
            holds.add(0, new CiUpgradeHold(arguments.role, arguments.upgrade, arguments.busy))
        }
        if (arguments.role == 'follower') {
            vetoes.add(0, new CiUpgradeVeto())
        }
        oldHolds.each { holds.remove(it) }
        oldVetoes.each { vetoes.remove(it) }
    } as Runnable)
    if (arguments.role == 'follower' && arguments.source != null) {
        file.parentFile.mkdirs()
        def temporary = new File(file.parentFile, file.name + '.tmp')
        temporary.setText(new String(arguments.source.decodeBase64(), 'UTF-8'), 'UTF-8')
        Files.move(temporary.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING)
    } else if (arguments.role == 'owner') {
        Files.deleteIfExists(file.toPath())
    }
    Queue.instance?.scheduleMaintenance()
}

def state = [role: 'owner', upgrade: null, busy: [], persisted: file.exists(), pending: 0]
Queue.withLock({
    def hold = installed(holds, 'CiUpgradeHold').find()
    if (hold != null) {
        // A hold without its veto is no follower, whatever it was told to be.
        def whole = hold.role != 'follower' || installed(vetoes, 'CiUpgradeVeto')
        state.role = whole ? hold.role : 'holding'
        state.upgrade = hold.upgrade
        state.busy = new ArrayList(hold.busy)
    }
    state.pending = Queue.instance == null ? 0 : Queue.instance.pendingItems.count { it.task instanceof Item }
} as Runnable)
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(state))
