// ci-upgrade script: item-configs
import hudson.model.AbstractItem
import hudson.model.TopLevelItem
import hudson.security.ACL
import java.nio.file.NoSuchFileException
import jenkins.model.Jenkins
import jenkins.model.ModifiableTopLevelItemGroup

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    long since = arguments.sinceMs as long
    def now = System.currentTimeMillis()
    // Children of computed folders (branches) are made by their folder and cannot be created from outside.
    def items = Jenkins.get().getAllItems(AbstractItem).findAll {
        it instanceof TopLevelItem && it.parent instanceof ModifiableTopLevelItemGroup
    }.sort { it.fullName.count('/') }
    def changed = []
    for (item in items) {
        def file = item.configFile
        def modified = file.file.lastModified()
        if (modified >= since) {
            try {
                changed << [name: item.fullName, modifiedMs: modified, xml: file.asString()]
            } catch (NoSuchFileException | FileNotFoundException ignored) {
                // Deleted or renamed at this moment: the next look shows the outcome.
            }
        }
    }
    def result = [nowMs: now, names: items.collect { it.fullName }, changed: changed]
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
