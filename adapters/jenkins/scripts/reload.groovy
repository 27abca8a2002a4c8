// ci-upgrade script: reload
import hudson.model.Job
import hudson.model.Run
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def jenkins = Jenkins.get()

def executing = { job ->
    jenkins.computers.collectMany { it.executors + it.oneOffExecutors }.collect { it.currentExecutable }.findAll {
        it instanceof Run && it.parent.is(job)
    }
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    def missing = []
    def failed = [:]
    for (name in arguments.jobs) {
        def job = jenkins.getItemByFullName(name, Job)
        if (job == null) {
            missing << name
            continue
        }
        try {
            def own = executing(job)
            job.doReload()
            // A build that was being saved just then is neither kept as running nor on disk yet: it shows up after the next reload.
            if (own.any { job.getBuildByNumber(it.number) == null }) {
                missing << name
            }
        } catch (Exception | LinkageError e) {
            failed[name] = e.toString().take(300)
        }
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([missing: missing, failed: failed]))
} finally {
    context.close()
}
