// ci-upgrade script: delete-items
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def deleted = []
    for (name in arguments.names) {
        def item = Jenkins.get().getItemByFullName(name)
        if (item != null) {
            item.delete()
            deleted << name
        }
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([deleted: deleted]))
} finally {
    context.close()
}
