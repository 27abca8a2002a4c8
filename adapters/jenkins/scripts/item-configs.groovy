// ci-upgrade script: item-configs
import hudson.model.AbstractItem
import hudson.model.TopLevelItem
import hudson.security.ACL
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
    def changed = items.findAll { it.configFile.file.lastModified() >= since }.collect {
        [name: it.fullName, modifiedMs: it.configFile.file.lastModified(), xml: it.configFile.asString()]
    }
    def result = [nowMs: now, names: items.collect { it.fullName }, changed: changed]
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
