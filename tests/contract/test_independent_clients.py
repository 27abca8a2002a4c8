"""Three clients that know nothing of the bot or the stand-in do their ordinary things against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jenkins as python_jenkins
import pytest
from api4jenkins import Jenkins as Api4Jenkins
from jenkinsapi.jenkins import Jenkins as JenkinsApi

from rehearsal.jenkins.seed import seed_home
from tests.contract.standin import Standin, started, wait_until

JOB = (
    "<project><description>made by a client</description><properties><hudson.model.ParametersDefinitionProperty><parameterDefinitions>"
    "<hudson.model.StringParameterDefinition><name>TICKET</name><defaultValue>none</defaultValue></hudson.model.StringParameterDefinition>"
    "</parameterDefinitions></hudson.model.ParametersDefinitionProperty></properties><canRoam>true</canRoam><disabled>false</disabled>"
    "<concurrentBuild>false</concurrentBuild><triggers/><builders><hudson.tasks.Shell><command>echo built $TICKET</command>"
    "</hudson.tasks.Shell></builders><publishers/><buildWrappers/></project>"
)
NAMES = ("plain", "with space", "C++ app", "Käse-日本")
"""Also what a path has to quote."""


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    directory = tmp_path_factory.mktemp("clients")
    home = directory / "home"
    accounts = seed_home(
        home,
        version="2.426.2",
        jobs=12,
        builds=12,
        seed=7,
        root_url="http://ci.example.com/",
        executors=4,
        pipelines=True,
    )
    # Clients follow the links in the answers; without a configured URL these are the address they came by.
    (home / "jenkins.model.JenkinsLocationConfiguration.xml").unlink()
    config = home / "config.xml"
    config.write_text(config.read_text().replace("<buildsDir>", "<quietPeriod>0</quietPeriod><buildsDir>"))
    timer = home / "jobs/timer-1/config.xml"
    timer.write_text(timer.read_text().replace("* * * * *", "0 0 29 2 *"))
    with started(directory, home=home, accounts=accounts) as one:
        yield one


def address(standin: Standin) -> tuple[str, str, str]:
    return standin.url, standin.accounts.admin_user, standin.accounts.admin_token


# ---- python-jenkins ------------------------------------------------------------------------------------------


@pytest.fixture
def first(standin: Standin) -> Any:
    url, user, token = address(standin)
    return python_jenkins.Jenkins(url, user, token, timeout=30)


def test_python_jenkins_looks_around(first: Any, standin: Standin) -> None:
    """Version, who it is, jobs in folders, plugins and nodes."""
    assert first.get_whoami()["id"] == standin.accounts.admin_user
    # Not as the first call: only then does this client send its credentials here, too.
    assert first.get_version() == "2.426.2"
    names = {job["fullname"] for job in first.get_all_jobs()}
    assert {"canary", "team-a", "team-a/serial-2"} <= names
    assert "workflow-job" in {plugin["shortName"] for plugin in first.get_plugins().values()}
    assert {node["name"] for node in first.get_nodes()} >= {"agent-1"}


@pytest.mark.parametrize("name", NAMES)
def test_python_jenkins_creates_configures_builds_and_reads(first: Any, name: str) -> None:
    """A job with parameters, from its creation to its console."""
    first.create_job(name, JOB)
    first.reconfig_job(name, JOB.replace("made by", "changed by"))
    assert "changed by a client" in first.get_job_config(name)
    item = first.build_job(name, {"TICKET": "a b"})
    done = wait_until(lambda: first.get_queue_item(item).get("executable"), "the item starts")
    number = done["number"]
    wait_until(lambda: first.get_build_info(name, number)["result"], "the build ends")
    assert first.get_build_info(name, number)["result"] == "SUCCESS"
    assert "built a b" in first.get_build_console_output(name, number)
    first.delete_job(name)
    assert not first.job_exists(name)


# ---- jenkinsapi ----------------------------------------------------------------------------------------------


@pytest.fixture
def second(standin: Standin) -> Any:
    url, user, token = address(standin)
    return JenkinsApi(url, user, token, timeout=30, lazy=True)


def test_jenkinsapi_looks_around(second: Any) -> None:
    """Version, jobs, plugins and nodes."""
    assert second.version == "2.426.2"
    assert "canary" in second.keys()  # noqa: SIM118 # it is no mapping
    assert second.has_plugin("workflow-job")
    assert "agent-1" in second.get_nodes().keys()  # noqa: SIM118 # it is no mapping


def test_jenkinsapi_lists_jobs_in_folders(second: Any, standin: Standin) -> None:
    """It takes a folder's address for a controller's, and reads a job in it by its own address."""
    url, user, token = address(standin)
    inside = JenkinsApi(f"{url}/job/team-a", user, token, timeout=30, lazy=True)
    names = set(inside.keys())
    assert "serial-2" in names
    assert names == {path.name for path in (standin.home / "jobs/team-a/jobs").iterdir()}
    job = second.get_job_by_url(f"{url}/job/team-a/job/serial-2", "serial-2")
    assert job.get_full_name() == "team-a/serial-2"
    last = job.get_last_buildnumber()
    assert job.get_build(last).get_status() in ("SUCCESS", "FAILURE")


def test_jenkinsapi_creates_configures_builds_and_reads(second: Any) -> None:
    """A job with parameters, from its creation to its console."""
    job = second.create_job("by-jenkinsapi", JOB)
    job.update_config(JOB.replace("made by", "changed by"))
    assert "changed by a client" in job.get_config()
    item = job.invoke(build_params={"TICKET": "second"})
    build = item.block_until_complete(delay=1) or item.get_build()
    assert build.get_status() == "SUCCESS"
    assert "built second" in build.get_console()
    second.delete_job("by-jenkinsapi")
    assert not second.has_job("by-jenkinsapi")


# ---- api4jenkins ---------------------------------------------------------------------------------------------


@pytest.fixture
def third(standin: Standin) -> Iterator[Any]:
    url, user, token = address(standin)
    client = Api4Jenkins(url, auth=(user, token), timeout=30)
    yield client
    client.http_client.close()


def test_api4jenkins_looks_around(third: Any) -> None:
    """Version, jobs in folders, plugins and nodes."""
    assert third.version == "2.426.2"
    assert {"canary", "team-a", "team-a/serial-2"} <= {job.full_name for job in third.iter(depth=1)}
    plugins = third.plugins.api_json(tree="plugins[shortName]")["plugins"]
    assert "workflow-job" in {plugin["shortName"] for plugin in plugins}
    assert third.nodes.get("agent-1").display_name == "agent-1"


@pytest.mark.parametrize("name", ["plain-4", "team-a/in a folder"])
def test_api4jenkins_creates_configures_builds_and_reads(third: Any, name: str) -> None:
    """A job with parameters, also in a folder, from its creation to its console."""
    third.create_job(name, JOB)
    job = third.get_job(name)
    job.configure(JOB.replace("made by", "changed by"))
    assert "changed by a client" in job.configure()
    item = third.build_job(name, TICKET="third")
    build = wait_until(item.get_build, "the item starts")
    wait_until(lambda: build.api_json()["result"], "the build ends")
    assert build.api_json()["result"] == "SUCCESS"
    assert "built third" in "\n".join(build.console_text())
    third.delete_job(name)
    assert third.get_job(name) is None
