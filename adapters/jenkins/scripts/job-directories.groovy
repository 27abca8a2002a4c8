// ci-upgrade script: job-directories
import hudson.model.Job
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    def home = jenkins.rootDir.path + File.separator
    // Branches, cells of a matrix and Maven modules are kept where their names do not tell.
    def directories = jenkins.allItems(Job).findAll { it.rootDir.path.startsWith(home) }.collectEntries {
        [(it.rootDir.path.substring(home.length()).replace(File.separator, '/')): it.fullName]
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([directories: directories]))
} finally {
    context.close()
}
