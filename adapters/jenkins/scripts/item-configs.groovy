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
    def asked = arguments.only == null ? null : arguments.only as Set
    long left = arguments.limit == null ? Long.MAX_VALUE : arguments.limit as long
    def changed = []
    for (item in items) {
        def file = item.configFile
        def modified = file.file.lastModified()
        if (asked == null ? modified >= since : asked.contains(item.fullName)) {
            try {
                // What does not fit into this answer is asked for by name; the first fits always.
                def xml = left > 0 ? file.asString() : null
                left -= xml == null ? 0 : xml.length()
                changed << [name: item.fullName, modifiedMs: modified, xml: xml]
            } catch (NoSuchFileException | FileNotFoundException ignored) {
                // Deleted or renamed at this moment: the next look shows the outcome.
            }
        }
    }
    def result = [nowMs: now, names: asked == null ? items.collect { it.fullName } : [], changed: changed]
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
