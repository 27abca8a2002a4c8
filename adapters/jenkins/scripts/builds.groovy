// ci-upgrade script: builds
import hudson.model.Job
import hudson.model.Run
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    def home = jenkins.rootDir.toPath()
    long since = arguments.sinceMs as long
    def runs = new LinkedHashMap()
    def add = { run -> runs.put(run.parent.fullName + '#' + run.number, run) }
    // Newest first and only as far back as asked: history is never loaded as a whole.
    for (job in jenkins.getAllItems(Job)) {
        for (def run = job.lastBuild; run != null && run.timeInMillis >= since; run = run.previousBuild) {
            add(run)
        }
    }
    for (computer in jenkins.computers) {
        for (executor in computer.executors + computer.oneOffExecutors) {
            def executable = executor.currentExecutable
            if (executable instanceof Run) {
                add(executable)
            }
        }
    }
    for (asked in arguments.watched) {
        def run = jenkins.getItemByFullName(asked.job, Job)?.getBuildByNumber(asked.number as int)
        if (run != null) {
            add(run)
        }
    }
    def finished = []
    def running = []
    for (run in runs.values()) {
        def job = run.parent
        if (run.building || run.logUpdated) {
            running << [
                job: job.fullName,
                number: run.number,
                startedMs: run.startTimeInMillis,
                serial: job.metaClass.respondsTo(job, 'isConcurrentBuild') ? !job.concurrentBuild : false,
            ]
        } else {
            finished << [
                job: job.fullName,
                number: run.number,
                directory: home.relativize(run.rootDir.toPath()).toString(),
                result: run.result?.toString() ?: 'UNKNOWN',
                startedMs: run.startTimeInMillis,
                endedMs: run.startTimeInMillis + run.duration,
            ]
        }
    }
    def result = [nowMs: System.currentTimeMillis(), finished: finished, running: running]
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
