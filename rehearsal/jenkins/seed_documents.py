"""The XML that a seeded home is made of."""

from __future__ import annotations

from xml.sax.saxutils import escape

__all__ = [
    "AGENT",
    "FOLDER",
    "LOCATION",
    "accounts_script",
    "credentials",
    "freestyle",
    "global_config",
    "pipeline",
]

_TICKET = (
    "<hudson.model.ParametersDefinitionProperty><parameterDefinitions><hudson.model.StringParameterDefinition>"
    "<name>TICKET</name><defaultValue>none</defaultValue><trim>false</trim>"
    "</hudson.model.StringParameterDefinition></parameterDefinitions></hudson.model.ParametersDefinitionProperty>"
)

AGENT = """<?xml version='1.1' encoding='UTF-8'?>
<slave>
  <name>agent-1</name>
  <description>rehearsal agent</description>
  <remoteFS>/home/jenkins</remoteFS>
  <numExecutors>2</numExecutors>
  <mode>NORMAL</mode>
  <retentionStrategy class="hudson.slaves.RetentionStrategy$Always"/>
  <launcher class="hudson.slaves.CommandLauncher" plugin="command-launcher@107.v773860566e2e">
    <agentCommand>java -jar agent.jar</agentCommand>
  </launcher>
  <label>linux</label>
  <nodeProperties/>
</slave>
"""

FOLDER = """<?xml version='1.1' encoding='UTF-8'?>
<com.cloudbees.hudson.plugins.folder.Folder plugin="cloudbees-folder@6.858.v898218f3609d">
  <description>A team's jobs</description>
  <properties/>
  <healthMetrics/>
  <icon class="com.cloudbees.hudson.plugins.folder.icons.StockFolderIcon"/>
</com.cloudbees.hudson.plugins.folder.Folder>
"""

LOCATION = """<?xml version='1.1' encoding='UTF-8'?>
<jenkins.model.JenkinsLocationConfiguration>
  <jenkinsUrl>{url}</jenkinsUrl>
</jenkins.model.JenkinsLocationConfiguration>
"""


def freestyle(
    command: str, *, ticket: bool, concurrent: bool, timer: str | None = None, label: str | None = None
) -> str:
    """A freestyle project that needs no plugin."""
    triggers = (
        f"<triggers><hudson.triggers.TimerTrigger><spec>{timer}</spec></hudson.triggers.TimerTrigger></triggers>"
        if timer
        else "<triggers/>"
    )
    node = (
        f"<assignedNode>{label}</assignedNode><canRoam>false</canRoam>"
        if label
        else "<canRoam>true</canRoam>"
    )
    return (
        "<?xml version='1.1' encoding='UTF-8'?>\n<project><description>rehearsal</description><keepDependencies>false</keepDependencies>"
        f'<properties>{_TICKET if ticket else ""}</properties><scm class="hudson.scm.NullSCM"/>{node}<disabled>false</disabled>'
        "<blockBuildWhenDownstreamBuilding>false</blockBuildWhenDownstreamBuilding>"
        f"<blockBuildWhenUpstreamBuilding>false</blockBuildWhenUpstreamBuilding>{triggers}"
        f"<concurrentBuild>{'true' if concurrent else 'false'}</concurrentBuild>"
        f"<builders><hudson.tasks.Shell><command>{escape(command)}</command></hudson.tasks.Shell></builders><publishers/><buildWrappers/></project>\n"
    )


def pipeline(script: str) -> str:
    """A pipeline with the parameter TICKET."""
    return (
        "<?xml version='1.1' encoding='UTF-8'?>\n"
        '<flow-definition plugin="workflow-job@1400.v7fd111b_ec82f"><description>rehearsal</description><keepDependencies>false</keepDependencies>'
        f"<properties>{_TICKET}</properties>"
        '<definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition" plugin="workflow-cps@3880.vb_ef4b_5cfd270">'
        f"<script>{escape(script)}</script><sandbox>true</sandbox></definition><triggers/><disabled>false</disabled></flow-definition>\n"
    )


def global_config(version: str, executors: int, agent_port: int) -> str:
    """``config.xml`` with security on, anonymous read off and two views."""
    columns = "".join(
        f"<hudson.views.{name}Column/>"
        for name in ("Status", "Weather", "Job", "LastSuccess", "LastFailure", "LastDuration", "BuildButton")
    )
    return f"""<?xml version='1.1' encoding='UTF-8'?>
<hudson>
  <disabledAdministrativeMonitors/>
  <version>{version}</version>
  <numExecutors>{executors}</numExecutors>
  <mode>NORMAL</mode>
  <useSecurity>true</useSecurity>
  <authorizationStrategy class="hudson.security.FullControlOnceLoggedInAuthorizationStrategy">
    <denyAnonymousReadAccess>true</denyAnonymousReadAccess>
  </authorizationStrategy>
  <securityRealm class="hudson.security.HudsonPrivateSecurityRealm">
    <disableSignup>true</disableSignup>
    <enableCaptcha>false</enableCaptcha>
  </securityRealm>
  <disableRememberMe>false</disableRememberMe>
  <projectNamingStrategy class="jenkins.model.ProjectNamingStrategy$DefaultProjectNamingStrategy"/>
  <workspaceDir>${{JENKINS_HOME}}/workspace/${{ITEM_FULL_NAME}}</workspaceDir>
  <buildsDir>${{ITEM_ROOTDIR}}/builds</buildsDir>
  <jdks/>
  <viewsTabBar class="hudson.views.DefaultViewsTabBar"/>
  <myViewsTabBar class="hudson.views.DefaultMyViewsTabBar"/>
  <clouds/>
  <scmCheckoutRetryCount>0</scmCheckoutRetryCount>
  <views>
    <hudson.model.AllView>
      <owner class="hudson" reference="../../.."/>
      <name>all</name>
      <filterExecutors>false</filterExecutors>
      <filterQueue>false</filterQueue>
      <properties class="hudson.model.View$PropertyList"/>
    </hudson.model.AllView>
    <listView>
      <owner class="hudson" reference="../../.."/>
      <name>apps</name>
      <filterExecutors>false</filterExecutors>
      <filterQueue>false</filterQueue>
      <properties class="hudson.model.View$PropertyList"/>
      <jobNames>
        <comparator class="java.lang.String$CaseInsensitiveComparator"/>
      </jobNames>
      <jobFilters/>
      <columns>{columns}</columns>
      <includeRegex>app-.*</includeRegex>
      <recurse>false</recurse>
    </listView>
  </views>
  <primaryView>all</primaryView>
  <slaveAgentPort>{agent_port}</slaveAgentPort>
  <label></label>
  <crumbIssuer class="hudson.security.csrf.DefaultCrumbIssuer">
    <excludeClientIPFromCrumb>false</excludeClientIPFromCrumb>
  </crumbIssuer>
  <nodeProperties/>
  <globalNodeProperties/>
</hudson>
"""


def credentials(password: str) -> str:
    """Two stored credentials; ``password`` is already encrypted."""
    entries = "".join(
        "<com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl><scope>GLOBAL</scope>"
        f"<id>{name}</id><description>rehearsal</description><username>robot</username><password>{password}</password>"
        "</com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl>"
        for name in ("deploy", "registry")
    )
    return (
        "<?xml version='1.1' encoding='UTF-8'?>\n<com.cloudbees.plugins.credentials.SystemCredentialsProvider>"
        '<domainCredentialsMap class="hudson.util.CopyOnWriteMap$Hash"><entry><com.cloudbees.plugins.credentials.domains.Domain>'
        "<specifications/></com.cloudbees.plugins.credentials.domains.Domain>"
        f"<java.util.concurrent.CopyOnWriteArrayList>{entries}</java.util.concurrent.CopyOnWriteArrayList></entry></domainCredentialsMap>"
        "</com.cloudbees.plugins.credentials.SystemCredentialsProvider>\n"
    )


def accounts_script(users: dict[str, tuple[str, str]]) -> str:
    """Groovy that makes the accounts on a real controller, should it not have taken them from ``users/``.

    The values are letters, digits and dashes only, so nothing needs quoting.
    """
    calls = "\n".join(
        f"account('{name}', '{token}', '{password}')" for name, (token, password) in users.items()
    )
    return f"""import hudson.model.User
import hudson.security.FullControlOnceLoggedInAuthorizationStrategy
import hudson.security.HudsonPrivateSecurityRealm
import jenkins.model.Jenkins
import jenkins.security.ApiTokenProperty

def account(String name, String token, String password) {{
    if (User.getById(name, false) != null) return
    def jenkins = Jenkins.get()
    if (!(jenkins.securityRealm instanceof HudsonPrivateSecurityRealm)) {{
        jenkins.securityRealm = new HudsonPrivateSecurityRealm(false)
        def strategy = new FullControlOnceLoggedInAuthorizationStrategy()
        strategy.allowAnonymousRead = false
        jenkins.authorizationStrategy = strategy
        jenkins.save()
    }}
    def user = jenkins.securityRealm.createAccount(name, password)
    def tokens = user.getProperty(ApiTokenProperty)
    if (tokens == null) {{
        tokens = new ApiTokenProperty()
        user.addProperty(tokens)
    }}
    tokens.addFixedNewToken('rehearsal', token)
    user.save()
}}

{calls}
"""
