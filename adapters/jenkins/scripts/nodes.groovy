// ci-upgrade script: nodes
import hudson.slaves.AbstractCloudSlave
import hudson.slaves.EphemeralNode
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def jenkins = Jenkins.get()
// What a cloud made for one controller dies with its builds; only what was configured moves.
def configured = jenkins.nodes.findAll { !(it instanceof EphemeralNode) && !(it instanceof AbstractCloudSlave) }
def nodes = [:]
configured.each { nodes[it.nodeName] = Jenkins.XSTREAM2.toXML(it) }
def clouds = [:]
new ArrayList(jenkins.clouds).each { clouds[it.name] = Jenkins.XSTREAM2.toXML(it) }
def busy = configured.findAll { node -> def computer = node.toComputer(); computer != null && !computer.idle }.collect { it.nodeName }
def result = [nodes: nodes, clouds: clouds, executors: jenkins.numExecutors, busy: busy]
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
