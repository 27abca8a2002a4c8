// ci-upgrade script: options

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))

// Names only: values and the rest of the command line may hold secrets.
def words = (System.getProperty('sun.java.command') ?: '').tokenize()
def given = arguments.names.findAll { name ->
    name.startsWith('--') ? words.any { it == name || it.startsWith(name + '=') } : System.getProperty(name) != null
}
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([given: given]))
