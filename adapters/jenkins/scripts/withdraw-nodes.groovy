// ci-upgrade script: withdraw-nodes
import hudson.security.ACL
import hudson.slaves.AbstractCloudSlave
import hudson.slaves.EphemeralNode
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    // A cloud left here would clean up the owner's agents as orphans.
    if (!jenkins.clouds.isEmpty()) {
        jenkins.clouds.replaceBy([])
        jenkins.save()
    }
    def left = []
    for (node in new ArrayList(jenkins.nodes)) {
        if (node instanceof EphemeralNode || node instanceof AbstractCloudSlave) {
            continue
        }
        def computer = node.toComputer()
        if (computer != null && !computer.idle) {
            left << node.nodeName
        } else {
            jenkins.removeNode(node)
        }
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([left: left]))
} finally {
    context.close()
}
