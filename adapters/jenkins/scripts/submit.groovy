// ci-upgrade script: submit
import hudson.model.Action
import hudson.model.Cause
import hudson.model.CauseAction
import hudson.model.FileParameterValue
import hudson.model.Job
import hudson.model.ParametersAction
import hudson.model.Queue
import hudson.security.ACL
import hudson.util.XStream2
import java.util.concurrent.Callable
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))

def carries = { actions ->
    actions.collectMany { it.causes }.any {
        it instanceof Cause.RemoteCause && it.addr == 'ci-upgrade' && it.note?.startsWith('relay ' + arguments.relay + ':')
    }
}

// First the queue, then what left it in the last minutes, then the builds: an item that moves on in between is found where it went.
// A build that has just begun has no causes yet; the item that it was has.
def found = { task ->
    def items = Queue.instance.items.toList() + Queue.instance.leftItems
    def item = items.find { carries(it.getActions(CauseAction)) }
    if (item != null) {
        return 'queue item ' + item.id
    }
    for (def run = task instanceof Job ? task.lastBuild : null; run != null && run.timeInMillis >= arguments.sinceMs; run = run.previousBuild) {
        if (carries(run.getActions(CauseAction))) {
            return run.fullDisplayName
        }
    }
    return null
}

// Jenkins' collections and fields drop what they cannot read, and note it in the data holder: nothing may be lost without a word.
def read = { xml ->
    def holder = Jenkins.XSTREAM2.newDataHolder()
    // The fragment is XML 1.1 (control characters in parameters), which only a header tells.
    def reader = XStream2.defaultDriver.createReader(new StringReader("<?xml version='1.1' encoding='UTF-8'?>\n" + xml))
    def actions = Jenkins.XSTREAM2.unmarshal(reader, null, holder)
    def errors = holder.get('ReadError')
    if (errors) {
        throw errors[0]
    }
    if (!(actions instanceof List) || actions.any { !(it instanceof Action) }) {
        throw new IllegalArgumentException('not a list of actions')
    }
    return actions
}

def submit = {
    def task = Jenkins.get().getItemByFullName(arguments.job)
    if (!(task instanceof Queue.Task)) {
        return [outcome: 'no-such-job', detail: arguments.job]
    }
    // Once without the lock, because builds may have to be read from disk; the second look is quick.
    def before = found(task)
    if (before != null) {
        return [outcome: 'exists', detail: before]
    }
    if (task instanceof Job && !task.buildable) {
        // The queue itself would take it.
        return [outcome: 'refused', detail: 'the job is disabled']
    }
    List<Action> actions
    try {
        actions = read(arguments.actions)
    } catch (Exception | LinkageError e) {
        // XStream's messages begin with a heading.
        def line = (e.message ?: '').readLines().find { it && !it.startsWith('----') } ?: ''
        return [outcome: 'unreadable', detail: (e.getClass().simpleName + ': ' + line).take(200)]
    }
    // The file itself lies in a temporary directory of the other controller, which removes it with the item.
    def file = actions.findAll { it instanceof ParametersAction }.collectMany { it.allParameters }.find { it instanceof FileParameterValue }
    if (file != null) {
        return [outcome: 'unreadable', detail: 'the file that was uploaded as ' + file.name + ' cannot be carried']
    }
    def causes = actions.findAll { it instanceof CauseAction }.collectMany { it.causes }
    causes << new Cause.RemoteCause('ci-upgrade', 'relay ' + arguments.relay + ': ' + arguments.origin)
    List<Action> carried = [new CauseAction((Collection) causes)] + actions.findAll { !(it instanceof CauseAction) }
    return Queue.withLock((Callable) {
        def meanwhile = found(task)
        if (meanwhile != null) {
            return [outcome: 'exists', detail: meanwhile]
        }
        def scheduled = Queue.instance.schedule2(task, arguments.delaySeconds as int, carried)
        return scheduled.refused ? [outcome: 'refused', detail: 'the queue refused it'] : [outcome: 'submitted', detail: 'queue item ' + scheduled.item.id]
    })
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(submit()))
} finally {
    context.close()
}
