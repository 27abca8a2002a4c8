// ci-upgrade script: reload
import hudson.model.AbstractItem
import hudson.model.Run
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def jenkins = Jenkins.get()

def executing = { item ->
    jenkins.computers.collectMany { it.executors + it.oneOffExecutors }.collect { it.currentExecutable }.findAll {
        it instanceof Run && it.parent.is(item)
    }
}

def reload = { item ->
    def name = item.name
    item.doReload()
    if (item.name != name) {
        // Releases before 2.452 take the directory's name for the job's, which that of a branch is not.
        item.onLoad(item.parent, name)
    }
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    def missing = []
    def failed = [:]
    for (name in arguments.jobs) {
        def item = jenkins.getItemByFullName(name, AbstractItem)
        if (item == null) {
            missing << name
            continue
        }
        try {
            // What is being saved just now would be neither kept as running nor found on disk: reading waits until it is over.
            if (executing(item).any { !it.building }) {
                missing << name
            } else {
                reload(item)
            }
        } catch (Exception | LinkageError e) {
            failed[name] = e.toString().take(300)
        }
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([missing: missing, failed: failed]))
} finally {
    context.close()
}
