// ci-upgrade script: withdraw-nodes
import hudson.model.Queue
import hudson.model.Run
import hudson.security.ACL
import hudson.slaves.AbstractCloudSlave
import hudson.slaves.EphemeralNode
import java.util.concurrent.Callable
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    // A Pipeline (or the whole of a matrix) may ask for a node until it ends, also between two `node` blocks.
    def asking = jenkins.computers.any { it.oneOffExecutors.any { it.currentExecutable instanceof Run } }
    // A cloud left here for long would clean up the owner's agents as orphans.
    if (!asking && !jenkins.clouds.isEmpty()) {
        jenkins.clouds.replaceBy([])
    }
    def left = []
    for (node in jenkins.nodes.findAll { !(it instanceof EphemeralNode) && !(it instanceof AbstractCloudSlave) }) {
        // Under the lock: a running pipeline may ask for the node between the look and the removal.
        def removed = Queue.withLock((Callable) {
            def computer = node.toComputer()
            // An agent that connects by itself is connected to one controller: that is the owner as soon as nothing runs on it here.
            if (computer != null && (!computer.idle || (asking && computer.launchSupported))) {
                return false
            }
            jenkins.removeNode(node)
            return true
        })
        if (!removed) {
            left << node.nodeName
        }
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([left: left]))
} finally {
    context.close()
}
