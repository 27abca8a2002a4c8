// ci-upgrade script: reload
import hudson.model.AbstractItem
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def missing = []
    for (name in arguments.jobs) {
        def item = Jenkins.get().getItemByFullName(name)
        if (item instanceof AbstractItem) {
            item.doReload()
        } else {
            missing << name
        }
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([missing: missing]))
} finally {
    context.close()
}
