// ci-upgrade script: builds
import hudson.model.Job
import hudson.model.Run
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def jenkins = Jenkins.get()
def home = jenkins.rootDir.path + File.separator
long since = arguments.sinceMs as long
// A file server's clock may differ from this controller's.
long clockMarginMs = 600_000

def relative = { run ->
    def path = run.rootDir.path
    if (!path.startsWith(home)) {
        throw new IllegalStateException('builds of ' + run.parent.fullName + ' are kept outside of JENKINS_HOME: ' + path)
    }
    return path.substring(home.length()).replace(File.separator, '/')
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    def runs = new LinkedHashMap()
    def executing = new HashSet()
    def add = { run -> runs.put(run.parent.fullName + '#' + run.number, run) }
    for (job in jenkins.allItems(Job)) {
        // Every new build makes a directory in there, so a job without news costs one look at the disk and loads nothing.
        if (job.buildDir.lastModified() < since - clockMarginMs) {
            continue
        }
        for (def run = job.lastBuild; run != null && run.timeInMillis >= since; run = run.previousBuild) {
            add(run)
        }
    }
    for (computer in jenkins.computers) {
        for (executor in computer.executors + computer.oneOffExecutors) {
            def executable = executor.currentExecutable
            if (executable instanceof Run) {
                add(executable)
                executing << executable.parent.fullName + '#' + executable.number
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
    runs.each { name, run ->
        def job = run.parent
        // A build leaves its executor when it has been saved; of a Pipeline both others end before.
        if (run.building || run.logUpdated || executing.contains(name)) {
            running << [
                job: job.fullName,
                number: run.number,
                startedMs: run.startTimeInMillis,
                serial: job.hasProperty('concurrentBuild') ? !job.concurrentBuild : false,
            ]
        } else {
            finished << [
                job: job.fullName,
                number: run.number,
                directory: relative(run),
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
