// ci-upgrade script: submit
import hudson.model.Action
import hudson.model.Cause
import hudson.model.CauseAction
import hudson.model.Job
import hudson.model.Queue
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def carries = { causes ->
    causes.any { it instanceof Cause.RemoteCause && it.addr == 'ci-upgrade' && it.note?.startsWith('relay ' + arguments.relay + ':') }
}

// First the queue, then the builds: an item that becomes a build in between is found as a build.
def found = { task ->
    def item = (Arrays.asList(Queue.instance.items) + Queue.instance.pendingItems).find { carries(it.causes) }
    if (item != null) {
        return 'queue item ' + item.id
    }
    for (def run = task instanceof Job ? task.lastBuild : null; run != null && run.timeInMillis >= arguments.sinceMs; run = run.previousBuild) {
        if (carries(run.causes)) {
            return run.fullDisplayName
        }
    }
    return null
}

def submit = {
    def task = Jenkins.get().getItemByFullName(arguments.job)
    if (!(task instanceof Queue.Task)) {
        return [outcome: 'no-such-job', detail: '']
    }
    def before = found(task)
    if (before != null) {
        return [outcome: 'exists', detail: before]
    }
    List actions
    try {
        actions = Jenkins.XSTREAM2.fromXML(arguments.actions)
        // Collections drop what they cannot read without a word, so they are counted.
        int expected = new XmlSlurper(false, false).parseText(arguments.actions).children().size()
        if (actions.size() != expected || actions.any { !(it instanceof Action) }) {
            return [outcome: 'unreadable', detail: actions.size() + ' of ' + expected + ' actions']
        }
    } catch (Exception e) {
        return [outcome: 'unreadable', detail: e.class.simpleName]
    }
    def causes = actions.findAll { it instanceof CauseAction }.collectMany { it.causes }
    causes << new Cause.RemoteCause('ci-upgrade', 'relay ' + arguments.relay + ': ' + arguments.origin)
    List<Action> carried = actions.findAll { !(it instanceof CauseAction) }
    carried.add(0, new CauseAction((Collection<Cause>) causes))
    def scheduled = Queue.instance.schedule2(task, 0, carried)
    return scheduled.refused ? [outcome: 'refused', detail: ''] : [outcome: 'submitted', detail: 'queue item ' + scheduled.item.id]
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(submit()))
} finally {
    context.close()
}
