// ci-upgrade script: inventory
import hudson.model.AdministrativeMonitor
import hudson.model.ItemGroup
import hudson.model.Job
import hudson.model.MyViewsProperty
import hudson.model.TopLevelItem
import hudson.model.User
import hudson.model.ViewGroup
import hudson.security.ACL
import jenkins.model.Jenkins

def arguments = new groovy.json.JsonSlurper().parseText(new String('@ARGUMENTS@'.decodeBase64(), 'UTF-8'))
def jenkins = Jenkins.get()

// Counted by directory, not loaded: an instance may have hundreds of thousands of builds.
def countBuilds = { job -> (job.buildDir.list() ?: [] as String[]).count { it ==~ /\d+/ } }

def within = { place, name -> place.is(jenkins) ? name : place.fullName + '/' + name }

// A view may be a group of views itself.
def viewNames
viewNames = { group, prefix ->
    group.views.collectMany { view ->
        [prefix + view.viewName] + (view instanceof ViewGroup ? viewNames(view, prefix + view.viewName + '/') : [])
    }
}

// Ids only, never values. The credentials plugin may be absent, so its class is looked up by name.
def credentialIds = { places ->
    Class provider
    try {
        provider = jenkins.pluginManager.uberClassLoader.loadClass('com.cloudbees.plugins.credentials.CredentialsProvider')
    } catch (ClassNotFoundException ignored) {
        return []
    }
    def ids = []
    for (place in places) {
        // Stores of the places above are found as well.
        for (store in provider.lookupStores(place).findAll { place.is(it.context) }) {
            for (domain in store.domains) {
                ids.addAll(store.getCredentials(domain).collect { within(place, it.hasProperty('id') ? it.id : it.getClass().simpleName) })
            }
        }
    }
    return ids
}

// Comes with the first page only.
def everythingBesideJobs = { folders ->
    def places = [jenkins] + folders
    def monitors = [:]
    int oldData = 0
    for (monitor in AdministrativeMonitor.all()) {
        try {
            if (monitor.enabled && monitor.activated) {
                monitors[monitor.id] = (monitor.displayName ?: monitor.id).toString()
            }
            if (monitor.getClass().name == 'hudson.diagnosis.OldDataMonitor') {
                oldData = monitor.getData().size()
            }
        } catch (Exception | LinkageError ignored) {
            // A monitor that cannot be asked says nothing.
        }
    }
    def users = User.all.toList()
    def mine = users.collectEntries { [(it.id): it.getProperty(MyViewsProperty)] }.findAll { it.value != null }
    def failed = jenkins.pluginManager.failedPlugins.collectEntries { [(it.name): (it.cause?.toString() ?: 'unknown').take(300)] }
    return [
        folders: folders.collect { it.fullName },
        views: places.findAll { it instanceof ViewGroup }.collectMany { viewNames(it, within(it, '')) } +
            mine.collectMany { id, group -> viewNames(group, 'user ' + id + ': ') },
        nodes: jenkins.nodes.collect { it.nodeName },
        credentials: credentialIds(places),
        // Others are in memory only (`unknown`, whoever committed once): they come and go with a start.
        users: users.findAll { it.userFolder != null }.collect { it.id },
        plugins: jenkins.pluginManager.plugins.collect {
            [name: it.shortName, version: it.version, enabled: it.enabled, active: it.active]
        },
        failedPlugins: failed,
        monitors: monitors,
        oldData: oldData,
    ]
}

def context = ACL.as2(ACL.SYSTEM2)
try {
    def items = jenkins.allItems(TopLevelItem).toList()
    def folders = items.findAll { it instanceof ItemGroup && !(it instanceof Job) }
    // Parts of a job (cells of a matrix, Maven modules) come and go with it. Pages go by name, so that a new job shifts none.
    def page = items.findAll { it instanceof Job && (arguments.after == null || it.fullName > arguments.after) }.sort { it.fullName }
    int limit = arguments.limit == null ? page.size() : arguments.limit as int
    def jobs = page.take(limit).collect {
        [name: it.fullName, kind: it.getClass().name, disabled: !it.buildable, next: it.nextBuildNumber, builds: countBuilds(it)]
    }
    def result = [jobs: jobs, more: page.size() > limit]
    if (arguments.after == null) {
        result += everythingBesideJobs(folders)
    }
    println('CI-UPGRADE-RESULT:' + groovy.json.JsonOutput.toJson(result))
} finally {
    context.close()
}
