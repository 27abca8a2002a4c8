// ci-upgrade script: write-items
import hudson.model.AbstractItem
import hudson.security.ACL
import javax.xml.transform.Source
import javax.xml.transform.stream.StreamSource
import jenkins.model.Jenkins
import jenkins.model.ModifiableTopLevelItemGroup

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def jenkins = Jenkins.get()

def write = { name, xml ->
    def item = jenkins.getItemByFullName(name)
    if (item instanceof AbstractItem) {
        // Writing the same again would restart triggers and scans for nothing.
        if (item.configFile.asString() != xml) {
            item.updateByXml((Source) new StreamSource(new StringReader(xml)))
        }
        return
    }
    int slash = name.lastIndexOf('/')
    def parent = slash < 0 ? jenkins : jenkins.getItemByFullName(name.substring(0, slash))
    if (!(parent instanceof ModifiableTopLevelItemGroup)) {
        throw new IllegalArgumentException('its folder is not there, or nothing can be created in it')
    }
    parent.createProjectFromXML(name.substring(slash + 1), new ByteArrayInputStream(xml.getBytes('UTF-8')))
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    def written = []
    def failed = [:]
    for (wanted in arguments.items) {
        try {
            write(wanted.name, wanted.xml)
            written << wanted.name
        } catch (Exception | LinkageError e) {
            failed[wanted.name] = e.toString().take(300)
        }
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([written: written, failed: failed]))
} finally {
    context.close()
}
