// ci-upgrade script: identity
import hudson.model.User
import java.lang.management.ManagementFactory
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def jenkins = Jenkins.get()
def result = [
    version: Jenkins.VERSION,
    java: System.getProperty('java.version'),
    home: jenkins.rootDir.path,
    rootUrl: jenkins.rootUrl,
    executors: jenkins.numExecutors,
    agentPort: jenkins.slaveAgentPort,
    quietingDown: jenkins.quietingDown,
    user: User.current()?.id,
    administrator: jenkins.hasPermission(Jenkins.ADMINISTER),
    freeDiskBytes: jenkins.rootDir.usableSpace,
    maxMemoryBytes: Runtime.runtime.maxMemory(),
    nowMs: System.currentTimeMillis(),
    buildsDirectory: jenkins.rawBuildsDir,
    startedMs: ManagementFactory.runtimeMXBean.startTime,
]
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
