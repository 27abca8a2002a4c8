// ci-upgrade script: numbers
import hudson.model.Job
import hudson.model.TopLevelItem
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def context = ACL.as2(ACL.SYSTEM2)
try {
    def numbers = [:]
    // Parts of a job (cells of a matrix, Maven modules) have no numbers of their own: they follow the whole.
    for (job in Jenkins.get().allItems(Job).findAll { it instanceof TopLevelItem }) {
        def wanted = arguments.atLeast[job.fullName]
        // updateNextBuildNumber takes lower values too, as long as they are above the last build.
        if (wanted != null && wanted > job.nextBuildNumber) {
            job.updateNextBuildNumber(wanted as int)
        }
        numbers[job.fullName] = job.nextBuildNumber
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([numbers: numbers]))
} finally {
    context.close()
}
