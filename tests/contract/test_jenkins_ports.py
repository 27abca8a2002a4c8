"""The ports ``Controller`` and ``Ownership`` as the adapter implements them, tried on a controller that runs as a process."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.jenkins.client import JenkinsClient
from adapters.jenkins.scripts import guard_script
from bot.errors import NotStarted, Permanent
from bot.model import BuildRef, ItemConfig, NodeSet, QueueItem, RecentLog, Role
from bot.ports import Jenkins
from rehearsal.free_ports import free_port
from tests.contract.standin import FAST, Standin, started, wait_until

GUARD_FILE = "init.groovy.d/ci-upgrade-guard.groovy"


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with started(tmp_path_factory.mktemp("ports")) as one:
        yield one


def client_of(standin: Standin, prefix: str = "") -> JenkinsClient:
    accounts = standin.accounts
    return JenkinsClient(f"{standin.url}{prefix}", accounts.bot_user, accounts.bot_token)


@pytest.fixture
def jenkins(standin: Standin) -> Iterator[Jenkins]:
    """Every test starts and ends as owner of an idle controller with an empty queue."""
    client = client_of(standin)
    yield client
    client.take_role(Role.FOLLOWER, "cleanup")
    client.cancel([item.id for item in client.queue()])
    client.take_role(Role.OWNER, "cleanup")
    wait_until(lambda: not client.builds(2**52, ()).running, "it is idle")


def held(jenkins: Jenkins, standin: Standin, job: str, ticket: str) -> QueueItem:
    """An item that waits on a follower."""
    number = standin.trigger(job, ticket)
    return wait_until(lambda: [item for item in jenkins.queue() if item.id == number], "it is queued")[0]


def test_looking_needs_no_preparation(standin: Standin) -> None:
    """The very first call of a client may be any; what they tell agrees."""
    identity = client_of(standin).identity()
    assert (identity.version, identity.home, identity.user) == (
        "2.426.2",
        str(standin.home),
        standin.accounts.bot_user,
    )
    assert identity.administrator
    assert identity.started_ms < identity.now_ms
    boot = client_of(standin).boot()
    assert boot.version == identity.version
    assert boot.boot_id
    [agent] = client_of(standin).agents()
    assert agent.name == "agent-1"
    assert client_of(standin).guard().role is Role.OWNER


def test_inventory_and_log(jenkins: Jenkins) -> None:
    """Everything that an upgrade compares is there by name, and the log is asked from a time."""
    found = jenkins.inventory()
    assert "canary" in {job.name for job in found.jobs}
    assert {job.name for job in found.jobs} == set(jenkins.numbers({}))
    directories = {name: path for path, name in jenkins.job_directories().items()}
    assert directories == {job.name: "jobs/" + job.name.replace("/", "/jobs/") for job in found.jobs}
    assert found.folders == ("team-a",)
    assert jenkins.users() == found.users != ()
    assert found.credentials == ("deploy", "registry")
    assert all(plugin.active for plugin in found.plugins)
    assert jenkins.log(jenkins.identity().now_ms + 60_000) == RecentLog((), whole=True)


def test_plugins_and_options(jenkins: Jenkins) -> None:
    """Plugins come with what they need, the same ones as in the inventory; no option is set that was not given."""
    plugins = jenkins.plugins()
    assert [(one.name, one.version) for one in plugins] == [
        (one.name, one.version) for one in jenkins.inventory().plugins
    ]
    needs = {one.name: {need.name: need.optional for need in one.dependencies} for one in plugins}
    assert needs["workflow-cps"] == {"workflow-api": False, "workflow-job": True}
    assert all(one.required_core == "2.346" for one in plugins)
    assert jenkins.options(["no.such.option", "rehearsal.boot.seconds"]) == {"rehearsal.boot.seconds"}


def test_probe_is_timed_and_carries_credentials(jenkins: Jenkins, standin: Standin) -> None:
    """With them 200, without them 403; an unknown page is an answer too."""
    probe = jenkins.probe("/api/json")
    assert (probe.path, probe.status) == ("/api/json", 200)
    assert probe.seconds > 0
    assert jenkins.probe("/no-such-page").status == 404
    assert JenkinsClient(standin.url, "nobody", "wrong").probe("/api/json").status == 401


def test_wrong_token_is_permanent(standin: Standin) -> None:
    """The message names the user whose token it is, not the token."""
    stranger = JenkinsClient(standin.url, standin.accounts.bot_user, "0123secret")
    with pytest.raises(Permanent, match=standin.accounts.bot_user) as caught:
        stranger.identity()
    assert "0123secret" not in str(caught.value)


def test_roles_are_taken_read_back_and_taken_again(jenkins: Jenkins, standin: Standin) -> None:
    """Each answer is what is in force; a follower's guard stands in its home, an owner's home has no trace; twice changes nothing."""
    file = standin.home / GUARD_FILE
    for role, persisted in ((Role.HOLDING, False), (Role.FOLLOWER, True), (Role.OWNER, False)):
        for _ in range(2):
            state = jenkins.take_role(role, "u1")
            assert (state.role, state.persisted, file.exists()) == (role, persisted, persisted)
            assert state == jenkins.guard()
    jenkins.take_role(Role.FOLLOWER, "u1")
    assert file.read_text() == guard_script("u1")
    state = jenkins.take_role(Role.OWNER, "u1", ["serial-1"])
    assert (state.role, state.busy, file.exists()) == (Role.OWNER, ("serial-1",), False)


def test_guard_in_the_home_survives_a_start(tmp_path: Path) -> None:
    """An instance that starts with the guard in its home is a follower from the beginning."""
    with started(tmp_path) as first:
        first.terminate()
        file = first.home / GUARD_FILE
        file.parent.mkdir(exist_ok=True)
        file.write_text(guard_script("u9"))
        with pytest.raises(NotStarted):
            client_of(first).boot()
        with started(tmp_path, home=first.home, accounts=first.accounts) as second:
            state = client_of(second).guard()
    assert (state.role, state.upgrade, state.persisted) == (Role.FOLLOWER, "u9", True)


def test_relay_moves_an_item_once(jenkins: Jenkins, standin: Standin) -> None:
    """Held, submitted with its causes and values, found again by its id as item and as build, and cancelled where it came from."""
    jenkins.take_role(Role.FOLLOWER, "u1")
    item = held(jenkins, standin, "canary", "ticket ü & <1>")
    assert (item.job, item.timer, item.relay) == ("canary", False, None)
    jenkins.cancel([item.id, 987_654])
    jenkins.cancel([item.id])
    assert jenkins.queue() == ()
    assert jenkins.submit(item, "u1-x-1", "queued on green").outcome == "submitted"
    assert jenkins.submit(item, "u1-x-1", "queued on green").outcome == "exists"
    assert [one.relay for one in jenkins.queue()] == ["u1-x-1"]
    jenkins.take_role(Role.OWNER, "u1")
    wait_until(lambda: [one for one in standin.executions() if one["ticket"] == "ticket ü & <1>"], "it runs")
    assert jenkins.submit(item, "u1-x-1", "queued on green").outcome == "exists"
    assert len([one for one in standin.executions() if one["ticket"] == "ticket ü & <1>"]) == 1


def test_relay_keeps_a_quiet_period(jenkins: Jenkins, standin: Standin) -> None:
    """A build that was asked for in an hour is not started at once because somebody hands over."""
    jenkins.take_role(Role.FOLLOWER, "u1")
    number = standin.trigger("canary", "later", delay="3600sec")
    item = wait_until(lambda: [item for item in jenkins.queue() if item.id == number], "it is queued")[0]
    assert 3_500_000 < item.delay_ms <= 3_600_000
    jenkins.cancel([item.id])
    assert jenkins.submit(item, "u1-x-9", "queued on green").outcome == "submitted"
    [moved] = jenkins.queue()
    assert 3_500_000 < moved.delay_ms <= 3_601_000


def test_relay_that_cannot_be_is_told_and_changes_nothing(jenkins: Jenkins, standin: Standin) -> None:
    """An unknown job and unreadable actions are outcomes, not errors."""
    jenkins.take_role(Role.FOLLOWER, "u1")
    item = held(jenkins, standin, "canary", "stays")
    unknown = QueueItem(1, "nope", item.since_ms, False, item.actions, "ann", None)
    broken = QueueItem(1, "canary", item.since_ms, False, "<list><", "ann", None)
    assert jenkins.submit(unknown, "u1-x-2", "x").outcome == "no-such-job"
    assert jenkins.submit(broken, "u1-x-3", "x").outcome == "unreadable"
    assert jenkins.queue() == (item,)


def test_builds_are_followed_from_running_to_finished(jenkins: Jenkins, standin: Standin) -> None:
    """A running build is told with what a handover needs of it, and once it is over with its directory in the home; watched ones always."""
    since = jenkins.identity().now_ms
    number = jenkins.numbers({})["team-a/serial-2"]
    go = standin.hold("team-a/serial-2")
    standin.trigger("team-a/serial-2", "follow")
    [running] = wait_until(lambda: jenkins.builds(since, ()).running, "it runs")
    assert (running.job, running.number, running.serial) == ("team-a/serial-2", number, True)
    go.touch()
    watched = [BuildRef(running.job, running.number), BuildRef("canary", 1), BuildRef("gone", 1)]
    [finished] = wait_until(
        lambda: [b for b in jenkins.builds(2**52, watched).finished if b.job == running.job], "it ends"
    )
    assert finished.directory == f"jobs/team-a/jobs/serial-2/builds/{number}"
    assert (standin.home / finished.directory / "build.xml").exists()
    assert (finished.result, finished.started_ms < finished.ended_ms) == ("SUCCESS", True)
    assert ("canary", 1) in {(b.job, b.number) for b in jenkins.builds(2**52, watched).finished}
    assert finished in jenkins.builds(since, ()).finished


def test_reload_shows_copied_builds_and_names_missing_jobs(jenkins: Jenkins, standin: Standin) -> None:
    """A directory that was copied in is a build afterwards."""
    builds = standin.home / "jobs/canary/builds"
    (builds / "901").mkdir()
    (builds / "901/build.xml").write_bytes((builds / "1/build.xml").read_bytes())
    assert jenkins.reload(["canary", "nope", "team-a/nope"]) == ("nope", "team-a/nope")
    assert ("canary", 901) in {
        (b.job, b.number) for b in jenkins.builds(2**52, [BuildRef("canary", 901)]).finished
    }


def test_numbers_rise_for_thousands_of_jobs_in_several_requests(jenkins: Jenkins) -> None:
    """Unknown jobs are passed over, lower numbers too, and the answer names every job."""
    before = jenkins.numbers({})
    wanted = {f"team-a/unknown-{number:05}": 7 for number in range(5000)}
    reached = jenkins.numbers({"canary": before["canary"] + 40, **wanted, "serial-1": 1})
    assert reached["canary"] == before["canary"] + 40
    assert {name: number for name, number in reached.items() if name != "canary"} == {
        name: number for name, number in before.items() if name != "canary"
    }


def test_items_are_carried_and_removed(jenkins: Jenkins, standin: Standin) -> None:
    """A folder and a job in it are created, reported as changed, changed again, and deleted; a second deletion is fine."""
    names = jenkins.item_configs(2**52).names
    texts = {item.name: item.xml for item in jenkins.item_configs(0).changed}
    assert set(texts) == set(names)
    since = standin.after_all_changes()
    items = [
        ItemConfig("team-ü", 0, texts["team-a"]),
        ItemConfig("team-ü/app", 0, texts["canary"]),
    ]
    for _ in range(2):
        jenkins.write_items(items)
    changed = jenkins.item_configs(since)
    assert [item.name for item in changed.changed] == ["team-ü", "team-ü/app"]
    assert set(changed.names) == {*names, "team-ü", "team-ü/app"}
    for _ in range(2):
        jenkins.delete_items(["team-ü/app", "team-ü"])
    assert jenkins.item_configs(2**52).names == names


def test_items_that_are_not_known_come_whenever_they_changed(jenkins: Jenkins) -> None:
    """Renaming leaves the time of a configuration as it was."""
    names = jenkins.item_configs(2**52).names
    assert jenkins.item_configs(2**52, names).changed == ()
    changed = jenkins.item_configs(2**52, set(names) - {"team-a", "team-a/app-2", "canary"}).changed
    assert [item.name for item in changed] == [
        name for name in names if name in ("team-a", "team-a/app-2", "canary")
    ]
    assert all(item.xml.startswith("<?xml") for item in changed)


def test_branch_is_found_by_reading_its_folder_again(jenkins: Jenkins, standin: Standin) -> None:
    """It cannot be created from outside, and is not among what can be configured; its directory has another name than it."""
    multibranch = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
    jenkins.write_items([ItemConfig("lib", 0, f"<{multibranch}/>")])
    config = (standin.home / "jobs/canary/config.xml").read_text()
    with pytest.raises(Permanent, match="lib/feature"):
        jenkins.write_items([ItemConfig("lib/feature%2Fx", 0, config)])
    branch = standin.home / "jobs/lib/branches/feature-x.k3l4"
    branch.mkdir(parents=True)
    (branch / "config.xml").write_text(config)
    (branch / "name-utf8.txt").write_text("feature%2Fx")
    assert jenkins.reload(["lib"]) == ()
    assert jenkins.job_directories()["jobs/lib/branches/feature-x.k3l4"] == "lib/feature%2Fx"
    assert "lib/feature%2Fx" not in jenkins.item_configs(2**52).names
    jenkins.delete_items(["lib"])


def test_build_runs_until_it_is_saved(tmp_path: Path) -> None:
    """After its end it is neither told as finished nor is its job read again, which would lose it from the list."""
    properties = {**FAST, "rehearsal.save.seconds": "3"}
    with started(tmp_path, version="2.528.1", properties=properties) as standin:
        client = client_of(standin)
        since = client.identity().now_ms
        standin.trigger("canary", "slow disk")
        [build] = wait_until(lambda: client.builds(since, ()).running, "it runs")
        page = f"/job/canary/{build.number}/api/json"
        wait_until(lambda: not standin.get(page)["building"], "it has ended")
        report = client.builds(since, ())
        assert (len(report.running), report.finished) == (1, ())
        assert client.reload(["canary"]) == ("canary",)
        wait_until(lambda: client.builds(since, ()).finished, "it is saved")
        assert client.reload(["canary"]) == ()


def test_item_that_cannot_be_written_is_permanent(jenkins: Jenkins) -> None:
    """Nothing may go missing silently."""
    with pytest.raises(Permanent):
        jenkins.write_items([ItemConfig("no-folder/app", 0, "<project/>")])


def test_item_too_large_for_a_request_keeps_no_other_from_being_written(jenkins: Jenkins) -> None:
    """Releases before 2.541.1 take 200,000 bytes: the others are written, and the error names this one."""
    large = ItemConfig("large", 0, f"<project><description>{'x' * 200_000}</description></project>")
    small = ItemConfig("small", 0, "<project/>")
    with pytest.raises(Permanent, match=r"1 jobs .* could not be configured: large: .*400"):
        jenkins.write_items([large, small])
    assert "small" in jenkins.item_configs(2**52).names
    jenkins.delete_items(["small"])


def test_nodes_go_and_come_back_as_they_were(jenkins: Jenkins) -> None:
    """Withdrawn and added again, twice, they are the same; executors are set."""
    before = jenkins.nodes()
    assert list(before.nodes) == ["agent-1"]
    try:
        assert jenkins.withdraw_nodes() == ()
        assert jenkins.nodes().nodes == {}
        assert jenkins.withdraw_nodes() == ()
        for _ in range(2):
            jenkins.add_nodes(NodeSet(before.nodes, {}, before.executors + 1))
            assert jenkins.nodes().nodes == before.nodes
        assert jenkins.identity().executors == before.executors + 1
    finally:
        jenkins.add_nodes(before)


def test_the_agent_port_is_opened_and_what_cannot_be_had_is_said(jenkins: Jenkins) -> None:
    """Told no port, it stays as it is; an instance that cannot listen where it should is an error, and the next call tries again."""
    before = jenkins.nodes()
    port = free_port()
    with_port = dataclasses.replace(before, agent_port=port)
    try:
        with socket.create_server(("127.0.0.1", port)), pytest.raises(Permanent, match=str(port)):
            jenkins.add_nodes(with_port)
        for nodes in (with_port, before):
            jenkins.add_nodes(nodes)
            assert jenkins.identity().agent_port == port
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
    finally:
        jenkins.add_nodes(dataclasses.replace(before, agent_port=-1))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_executors_are_set_without_touching_nodes_and_clouds(jenkins: Jenkins) -> None:
    """A follower gets none; what else it has is withdrawn in a way of its own."""
    before = jenkins.nodes()
    try:
        for _ in range(2):
            jenkins.add_nodes(NodeSet({}, {}, 0))
            assert jenkins.nodes() == dataclasses.replace(before, executors=0)
    finally:
        jenkins.add_nodes(before)


def test_node_with_a_build_stays(jenkins: Jenkins, standin: Standin) -> None:
    """It is named, and goes once the build is over."""
    before = jenkins.nodes()
    go = standin.hold("team-a/app-2")
    try:
        standin.trigger("team-a/app-2", "on the agent")
        wait_until(lambda: jenkins.nodes().busy, "it runs")
        assert jenkins.withdraw_nodes() == ("agent-1",)
        go.touch()
        wait_until(lambda: not jenkins.nodes().busy, "it ends")
        assert jenkins.withdraw_nodes() == ()
    finally:
        jenkins.add_nodes(before)


WAITED_FOR = """<list>
  <hudson.model.CauseAction><causeBag class="linked-hash-map"><entry>
    <org.jenkinsci.plugins.workflow.support.steps.build.BuildUpstreamCause>
      <upstreamProject>{0.job}</upstreamProject><upstreamBuild>{0.number}</upstreamBuild>
    </org.jenkinsci.plugins.workflow.support.steps.build.BuildUpstreamCause><int>1</int>
  </entry></causeBag></hudson.model.CauseAction>
  <org.jenkinsci.plugins.workflow.support.steps.build.BuildTriggerAction/>
</list>"""


def test_running_pipeline_keeps_what_it_may_still_need(jenkins: Jenkins, standin: Standin) -> None:
    """Its agents stay until it has ended, and a build that it waits for is told with its name."""
    before = jenkins.nodes()
    name = next(name for name in jenkins.numbers({}) if "pipe-" in name)
    try:
        standin.trigger(name, "long")
        [flow] = wait_until(lambda: jenkins.builds(2**52, ()).running, "it runs")
        jenkins.take_role(Role.FOLLOWER, "u1")
        now = jenkins.identity().now_ms
        item = QueueItem(1, "canary", now, False, WAITED_FOR.format(flow), "a pipeline", None)
        assert jenkins.submit(item, "u1-x-4", "x").outcome == "submitted"
        assert [one.awaited_by for one in jenkins.queue()] == [f"{flow.job} #{flow.number}"]
        assert jenkins.withdraw_nodes() == ("agent-1",)
        wait_until(lambda: not jenkins.builds(2**52, ()).running, "it ends")
        [after] = jenkins.queue()
        assert (after.awaited_by, "BuildTriggerAction" in after.actions) == (None, False)
        assert jenkins.withdraw_nodes() == ()
    finally:
        jenkins.add_nodes(before)


def test_uploaded_file_is_not_carried(jenkins: Jenkins, standin: Standin) -> None:
    """The item stays where the file is, and the parameter is named."""
    jenkins.take_role(Role.FOLLOWER, "u1")
    item = held(jenkins, standin, "canary", "with a file")
    file = "<hudson.model.FileParameterValue><name>PATCH</name></hudson.model.FileParameterValue>"
    actions = item.actions.replace("<parameters>", f"<parameters>{file}")
    assert actions != item.actions
    answer = jenkins.submit(dataclasses.replace(item, actions=actions), "u1-x-5", "x")
    assert (answer.outcome, "PATCH" in answer.detail) == ("unreadable", True)


def test_secret_key_exists_afterwards(jenkins: Jenkins, standin: Standin) -> None:
    """The file that makes passwords travel is in the home before the backup is made."""
    jenkins.ensure_secret_key()
    assert (standin.home / "secrets/hudson.util.Secret").is_file()


def test_path_prefix_is_kept(tmp_path: Path) -> None:
    """Behind ``--prefix`` everything works below the prefix; without it the address is told to be wrong."""
    with started(tmp_path, prefix="/tools/jenkins", wait=False) as standin:
        client = client_of(standin, "/tools/jenkins/")

        def version() -> str | None:
            try:
                return client.boot().version
            except NotStarted:
                return None

        assert wait_until(version, "it starts") == "2.426.2"
        assert client.guard().role is Role.OWNER
        assert client.probe("/api/json").status == 200
        with pytest.raises(Permanent):
            client_of(standin).guard()
