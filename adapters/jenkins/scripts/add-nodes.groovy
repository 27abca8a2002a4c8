// ci-upgrade script: add-nodes
import hudson.security.ACL
import hudson.util.XStream2
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))

// Jenkins drops fields that it cannot read, and notes it in the data holder. A half-read agent or cloud is worse than none.
def read = { name, xml ->
    def holder = Jenkins.XSTREAM2.newDataHolder()
    // A fragment is XML 1.1, which only a header tells; text from a file has one.
    def text = xml.startsWith('<?xml') ? xml : "<?xml version='1.1' encoding='UTF-8'?>\n" + xml
    def object = Jenkins.XSTREAM2.unmarshal(XStream2.defaultDriver.createReader(new StringReader(text)), null, holder)
    def errors = holder.get('ReadError')
    if (errors) {
        throw new IOException(name + ' cannot be read here: ' + errors[0].getClass().simpleName)
    }
    return object
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    arguments.nodes.each { name, xml ->
        def node = read(name, xml)
        def present = jenkins.getNode(name)
        // Replacing a node disturbs its builds; one that is there as it should be is left alone anyway.
        def busy = present?.toComputer() != null && !present.toComputer().idle
        if (present == null || (!busy && Jenkins.XSTREAM2.toXML(present) != Jenkins.XSTREAM2.toXML(node))) {
            jenkins.addNode(node)
        }
    }
    def clouds = arguments.clouds.collect { name, xml -> read(name, xml) }
    def names = clouds.collect { it.name } as Set
    def kept = new ArrayList(jenkins.clouds).findAll { !names.contains(it.name) }
    def wanted = kept + clouds
    if (new ArrayList(jenkins.clouds).collect { Jenkins.XSTREAM2.toXML(it) } != wanted.collect { Jenkins.XSTREAM2.toXML(it) }) {
        jenkins.clouds.replaceBy(wanted)
    }
    if (jenkins.numExecutors != arguments.executors) {
        jenkins.setNumExecutors(arguments.executors as int)
    }
    // A port that is taken is only logged, and tried again by the next call: who listens tells whether it worked.
    def listening = { jenkins.tcpSlaveAgentListener == null ? -1 : jenkins.tcpSlaveAgentListener.port }
    def port = arguments.agentPort
    if (port != null && (jenkins.slaveAgentPort != port || (port >= 0 && listening() == -1))) {
        jenkins.setSlaveAgentPort(port as int)
        jenkins.save()
    }
    def result = [nodes: jenkins.nodes.collect { it.nodeName }, clouds: new ArrayList(jenkins.clouds).collect { it.name },
                  executors: jenkins.numExecutors, agentPort: listening()]
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
