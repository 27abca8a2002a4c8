// ci-upgrade script: agents
import hudson.model.Computer
import hudson.security.ACL
import java.util.concurrent.Callable
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def computers = Jenkins.get().computers.findAll { it.name }
    // Each answer comes over the network from the agent itself, and one that hangs never comes: all are asked at once.
    def asked = computers.collect { computer ->
        !computer.online ? null : Computer.threadPoolForRemoting.submit((Callable) {
            [computer.systemProperties['java.version']?.toString(), computer.respondsTo('getSlaveVersion') ? computer.slaveVersion : null]
        })
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5)
    def agents = [computers, asked].transpose().collect { computer, answer ->
        def versions = [null, null]
        try {
            versions = answer?.get(Math.max(0L, deadline - System.nanoTime()), TimeUnit.NANOSECONDS) ?: versions
        } catch (ExecutionException | TimeoutException ignored) {
            // An agent that goes away or hangs has no versions to tell.
        } finally {
            answer?.cancel(true)
        }
        def launcher = computer.respondsTo('getDelegatedLauncher') ? computer.delegatedLauncher?.getClass()?.name : null
        [name: computer.name, online: computer.online, java: versions[0], remoting: versions[1], launcher: launcher]
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([agents: agents]))
} finally {
    context.close()
}
