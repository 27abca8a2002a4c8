// ci-upgrade script: log
import java.util.logging.Level
import java.util.logging.SimpleFormatter
import hudson.util.RingBufferLogHandler
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def formatter = new SimpleFormatter()
long since = arguments.sinceMs as long
// Jenkins keeps its last 256 records of all levels; older ones are only in the instance's own log.
def kept = new ArrayList(Jenkins.logRecords)
def whole = kept.size() < RingBufferLogHandler.defaultRingBufferSize || kept.any { it.millis < since }
def records = kept.findAll { it.level.intValue() >= Level.SEVERE.intValue() && it.millis >= since }.collect {
    def message = formatter.formatMessage(it) ?: ''
    def text = it.thrown == null ? message : message + ' (' + it.thrown + ')'
    [atMs: it.millis, level: it.level.name, logger: it.loggerName ?: '', message: text.take(500)]
}
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([records: records, whole: whole]))
