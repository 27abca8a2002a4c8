// ci-upgrade script: nodes
import hudson.security.ACL
import hudson.slaves.AbstractCloudSlave
import hudson.slaves.EphemeralNode
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    // What a cloud made for one controller dies with its builds; only what was configured moves.
    def configured = jenkins.nodes.findAll { !(it instanceof EphemeralNode) && !(it instanceof AbstractCloudSlave) }
    def nodes = configured.collectEntries { [(it.nodeName): Jenkins.XSTREAM2.toXML(it)] }
    def clouds = [:]
    for (cloud in new ArrayList(jenkins.clouds)) {
        // Older versions do not keep names of clouds unique.
        def key = cloud.name ?: ''
        while (clouds.containsKey(key)) {
            key += '+'
        }
        clouds[key] = Jenkins.XSTREAM2.toXML(cloud)
    }
    def busy = configured.findAll { node -> def computer = node.toComputer(); computer != null && !computer.idle }.collect { it.nodeName }
    def result = [nodes: nodes, clouds: clouds, executors: jenkins.numExecutors, busy: busy]
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
