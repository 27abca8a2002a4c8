// ci-upgrade script: log
import java.util.logging.Level
import java.util.logging.SimpleFormatter
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def formatter = new SimpleFormatter()
long since = arguments.sinceMs as long
def records = new ArrayList(Jenkins.logRecords).findAll { it.level.intValue() >= Level.SEVERE.intValue() && it.millis >= since }.collect {
    def message = formatter.formatMessage(it) ?: ''
    [atMs: it.millis, level: it.level.name, logger: it.loggerName ?: '', message: message.substring(0, Math.min(500, message.length()))]
}
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([records: records]))
