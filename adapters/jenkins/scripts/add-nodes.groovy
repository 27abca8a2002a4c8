// ci-upgrade script: add-nodes
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    arguments.nodes.each { name, xml ->
        // A node that is there as it should be is left alone: replacing it would disturb its builds.
        def present = jenkins.getNode(name)
        if (present == null || Jenkins.XSTREAM2.toXML(present) != xml) {
            jenkins.addNode(Jenkins.XSTREAM2.fromXML(xml))
        }
    }
    arguments.clouds.each { name, xml ->
        def cloud = Jenkins.XSTREAM2.fromXML(xml)
        def others = new ArrayList(jenkins.clouds).findAll { it.name != name }
        jenkins.clouds.replaceBy(others + [cloud])
    }
    if (jenkins.numExecutors != arguments.executors) {
        jenkins.setNumExecutors(arguments.executors as int)
    }
    jenkins.save()
    def result = [nodes: jenkins.nodes.collect { it.nodeName }, clouds: new ArrayList(jenkins.clouds).collect { it.name }, executors: jenkins.numExecutors]
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
