// ci-upgrade script: cancel
import hudson.model.Queue
import hudson.security.ACL

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def wanted = arguments.ids.collect { it as long } as Set
    def cancelled = Queue.instance.items.findAll { wanted.contains(it.id) && Queue.instance.cancel((Queue.Item) it) }.collect { it.id }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([cancelled: cancelled]))
} finally {
    context.close()
}
