// ci-upgrade script: plugins
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))

def needs = { all, optional -> all.collect { [name: it.shortName, version: it.version, optional: optional] } }

def plugins = Jenkins.get().pluginManager.plugins.collect {
    [
        name: it.shortName,
        version: it.version,
        enabled: it.enabled,
        active: it.active,
        requiredCore: it.requiredCoreVersion,
        dependencies: needs(it.dependencies, false) + needs(it.optionalDependencies, true),
    ]
}
println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson([plugins: plugins]))
