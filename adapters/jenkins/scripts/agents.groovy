// ci-upgrade script: agents
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def agents = Jenkins.get().computers.findAll { it.name }.collect { computer ->
    def java = null
    def remoting = null
    if (computer.online) {
        try {
            java = computer.systemProperties['java.version']?.toString()
            remoting = computer.respondsTo('getSlaveVersion') ? computer.slaveVersion : null
        } catch (Exception ignored) {
            // An agent that went away meanwhile has no versions to tell.
        }
    }
    [name: computer.name, online: computer.online, java: java, remoting: remoting]
}
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([agents: agents]))
