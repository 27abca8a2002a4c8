// ci-upgrade script: inventory
import hudson.model.AdministrativeMonitor
import hudson.model.Item
import hudson.model.ItemGroup
import hudson.model.Job
import hudson.model.TopLevelItem
import hudson.model.User
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))

// Counted by directory, not loaded: an instance may have hundreds of thousands of builds.
int countBuilds(Job job) {
    def names = job.buildDir.list()
    return names == null ? 0 : names.count { it ==~ /\d+/ }
}

// Ids only, never values. The credentials plugin may be absent, so its classes are looked up by name.
List<String> credentialIds(Jenkins jenkins) {
    Class provider
    try {
        provider = jenkins.pluginManager.uberClassLoader.loadClass('com.cloudbees.plugins.credentials.CredentialsProvider')
    } catch (ClassNotFoundException ignored) {
        return []
    }
    def ids = []
    def places = [jenkins] + jenkins.getAllItems(Item).findAll { it instanceof ItemGroup }
    for (place in places) {
        for (store in provider.lookupStores(place)) {
            if (!store.context.is(place)) {
                continue
            }
            def prefix = place.is(jenkins) ? '' : place.fullName + '/'
            for (domain in store.domains) {
                for (credential in store.getCredentials(domain)) {
                    ids << prefix + (credential.metaClass.hasProperty(credential, 'id') ? credential.id : credential.class.simpleName)
                }
            }
        }
    }
    return ids
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    def jenkins = Jenkins.get()
    def jobs = jenkins.getAllItems(Job).collect { job ->
        [name: job.fullName, kind: job.class.name, disabled: !job.buildable, next: job.nextBuildNumber, builds: countBuilds(job)]
    }
    def folders = jenkins.getAllItems(TopLevelItem).findAll { it instanceof ItemGroup && !(it instanceof Job) }.collect { it.fullName }
    def monitors = [:]
    int oldData = 0
    for (monitor in AdministrativeMonitor.all()) {
        try {
            if (monitor.enabled && monitor.activated) {
                monitors[monitor.id] = (monitor.displayName ?: monitor.id).toString()
            }
            if (monitor.class.name == 'hudson.diagnosis.OldDataMonitor') {
                oldData = monitor.data.size()
            }
        } catch (Exception ignored) {
            // A monitor that cannot be asked says nothing.
        }
    }
    def failed = [:]
    for (plugin in jenkins.pluginManager.failedPlugins) {
        def cause = plugin.cause?.toString() ?: 'unknown'
        failed[plugin.name] = cause.substring(0, Math.min(300, cause.length()))
    }
    def result = [
        jobs: jobs,
        folders: folders,
        views: jenkins.views.collect { it.viewName },
        nodes: jenkins.nodes.collect { it.nodeName },
        credentials: credentialIds(jenkins),
        users: User.all.collect { it.id },
        plugins: jenkins.pluginManager.plugins.collect {
            [name: it.shortName, version: it.version, enabled: it.enabled, active: it.active]
        },
        failedPlugins: failed,
        monitors: monitors,
        oldData: oldData,
    ]
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
