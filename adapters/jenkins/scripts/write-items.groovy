// ci-upgrade script: write-items
import hudson.model.AbstractItem
import hudson.security.ACL
import javax.xml.transform.Source
import javax.xml.transform.stream.StreamSource
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    def written = []
    for (wanted in arguments.items) {
        def item = jenkins.getItemByFullName(wanted.name)
        if (item instanceof AbstractItem) {
            item.updateByXml((Source) new StreamSource(new StringReader(wanted.xml)))
        } else {
            int slash = wanted.name.lastIndexOf('/')
            def parent = slash < 0 ? jenkins : jenkins.getItemByFullName(wanted.name.substring(0, slash))
            parent.createProjectFromXML(wanted.name.substring(slash + 1), new ByteArrayInputStream(wanted.xml.getBytes('UTF-8')))
        }
        written << wanted.name
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([written: written]))
} finally {
    context.close()
}
