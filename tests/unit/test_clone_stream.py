"""From a backup to green's home: what must not come along is left out, everything else arrives byte for byte."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Permanent
from bot.home_rules import GUARD_FILE, in_backup, in_clone, never_synced
from bot.tar_stream import clone_stream, members, unfinished_builds, written

CONFIG = (
    b"<?xml version='1.1' encoding='UTF-8'?>\n<hudson>\n  <version>2.426.2</version>\n  <numExecutors>4</numExecutors>\n"
    b"  <clouds>\n    <x.Cloud plugin='x@1'>\n      <name>k8s \xc3\xbc</name>\n      <clouds-like>y</clouds-like>\n    </x.Cloud>\n  </clouds>\n"
    b"  <slaveAgentPort>50000</slaveAgentPort>\n  <label>&#x1b;</label>\n</hudson>\n"
)
FINISHED = b"<build><result>SUCCESS</result></build>"
HOME = {
    "config.xml": CONFIG,
    "jenkins.install.UpgradeWizard.state": b"2.426.2",
    "jobs/app/config.xml": b"<project/>",
    "jobs/app/nextBuildNumber": b"4",
    "jobs/app/builds/legacyIds": b"",
    "jobs/app/builds/1/build.xml": FINISHED,
    "jobs/app/builds/1/log": b"log",
    "jobs/app/builds/2/log": b"a freestyle build that runs has no build.xml yet",
    "jobs/team/jobs/pipe/builds/3/build.xml": b"<flow-build><completed>false</completed></flow-build>",
    "jobs/team/jobs/pipe/builds/3/log": b"a pipeline that runs",
    "jobs/team/jobs/pipe/builds/4/build.xml": b"<flow-build><result>FAILURE</result><completed>true</completed></flow-build>",
    "nodes/agent-1/config.xml": b"<slave/>",
    "queue.xml": b"<queue/>",
    "queue/u0.xml": b"<queue/>",
    "org.jenkinsci.plugins.workflow.flow.FlowExecutionList.xml": b"<list/>",
    GUARD_FILE: b"an earlier upgrade's guard",
    "secrets/master.key": bytes(range(256)),
}


def packed(files: dict[str, bytes], size: int = 1000) -> list[bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    data = buffer.getvalue()
    return [data[start : start + size] for start in range(0, len(data), size)]


def cloned(files: dict[str, bytes]) -> dict[str, bytes]:
    stream = clone_stream(packed(files), unfinished_builds(packed(files)), "// guard")
    return {member.name: b"".join(content()) for member, content in members(stream) if member.isfile()}


def test_unfinished_builds_are_those_without_a_result() -> None:
    """A pipeline that is loaded unfinished is resumed, whatever else is set."""
    assert unfinished_builds(packed(HOME)) == {"jobs/app/builds/2", "jobs/team/jobs/pipe/builds/3"}


def test_a_clone_has_no_queue_nodes_or_unfinished_builds_and_the_guard_of_this_upgrade() -> None:
    home = cloned(HOME)
    gone = {
        "jobs/app/builds/2/log",
        "jobs/team/jobs/pipe/builds/3/build.xml",
        "jobs/team/jobs/pipe/builds/3/log",
        "nodes/agent-1/config.xml",
        "queue.xml",
        "queue/u0.xml",
        "org.jenkinsci.plugins.workflow.flow.FlowExecutionList.xml",
    }
    assert set(home) == set(HOME) - gone
    assert home[GUARD_FILE] == b"// guard"
    assert all(home[name] == HOME[name] for name in home if name not in ("config.xml", GUARD_FILE))


def test_the_configuration_is_fenced_and_otherwise_byte_for_byte() -> None:
    """XML 1.1 with control characters is what Jenkins writes and parsers refuse."""
    fenced = cloned(HOME)["config.xml"]
    before, after = CONFIG.split(b"  <clouds>")[0], CONFIG.split(b"</clouds>\n")[1]
    assert fenced == (before.replace(b">4<", b">0<") + b"  <clouds/>\n" + after.replace(b">50000<", b">-1<"))


def test_a_home_without_wizard_state_gets_one() -> None:
    """Else Jenkins believes that it is a new installation."""
    files = {name: content for name, content in HOME.items() if "UpgradeWizard" not in name}
    assert cloned(files)["jenkins.install.UpgradeWizard.state"] == b"2.426.2"


@given(st.integers(1, 5000))
def test_how_a_stream_is_cut_into_chunks_does_not_matter(size: int) -> None:
    assert unfinished_builds(packed(HOME, size)) == unfinished_builds(packed(HOME))


@given(st.integers(1, 12_000))
def test_a_stream_that_was_cut_short_is_never_taken_for_a_whole_one(cut: int) -> None:
    data = b"".join(packed(HOME)).rstrip(b"\0") + b"\0" * 2048
    end = max(1, len(data) - 2048 - cut)
    with pytest.raises(Permanent):
        unfinished_builds([data[:end]])


@pytest.mark.parametrize(
    "path", ["war", "caches", "tools", "updates", "workspace", "logs", "plugins/git", "jobs/a/workspace"]
)
def test_what_jenkins_makes_again_is_not_backed_up(path: str) -> None:
    assert not in_backup(path, True)


@pytest.mark.parametrize(
    "path",
    [
        "plugins/git.jpi",
        "plugins/git.jpi.disabled",
        "jobs/a/builds/legacyIds",
        "jobs/logs/config.xml",
        "secrets/master.key",
        "userContent/war",
    ],
)
def test_everything_else_is(path: str) -> None:
    assert in_backup(path, False)
    assert in_clone(path)


@pytest.mark.parametrize(
    "path",
    ["queue.xml", ".lastStarted", ".owner", "nodes/a/config.xml", "plugins/git.jpi", GUARD_FILE, "secrets/x"],
)
def test_what_belongs_to_one_instance_never_reaches_a_running_follower(path: str) -> None:
    assert never_synced(path)
    assert not never_synced("jobs/app/builds/1/build.xml")


@pytest.mark.parametrize(
    "name", ["atomic123456789tmp", "build.xml-atomic987654321tmp", "git.jpi.tmp", ".nfs0000001"]
)
def test_half_written_files_stay(name: str) -> None:
    """Jenkins before and since 2.541 names them differently; they vanish while they are read."""
    for path in (name, f"jobs/app/{name}", f"jobs/app/builds/12/{name}"):
        assert not in_backup(path, False)
        assert never_synced(path)


@pytest.mark.parametrize(
    "path", ["archive/dump.tmp", "archive/a/atomic5tmp", "htmlreports/x/.nfs1", "archive/queue.xml"]
)
def test_artifacts_may_have_any_name(path: str) -> None:
    """Nothing that a build keeps is lost because it looks like something else."""
    assert in_backup(f"jobs/app/builds/12/{path}", False)
    assert not never_synced(f"jobs/team/jobs/app/builds/12/{path}")


def test_an_artifact_that_looks_like_a_build_is_none() -> None:
    """Its path says ``builds/3``, but it belongs to build 12, which is finished."""
    files = {
        "jobs/app/builds/12/build.xml": b"<build><result>SUCCESS</result></build>",
        "jobs/app/builds/12/archive/builds/3/report.txt": b"x",
        "userContent/builds/7/logo.png": b"x",
        "jobs/app/builds/13/log": b"x",
    }
    assert unfinished_builds(packed(files)) == {"jobs/app/builds/13"}


@pytest.mark.parametrize("name", ["/".join(["deep"] * 40), "jobs/app/ä"])
def test_a_member_that_is_renamed_is_written_under_its_new_name(name: str) -> None:
    """Also where the format keeps a long or foreign name beside the member: an artifact arrives under a temporary name first."""

    def renamed() -> Iterator[tuple[tarfile.TarInfo, Iterator[bytes]]]:
        for member, content in members(written([(tarfile.TarInfo(name), iter(()))])):
            assert member.name == name
            member.name = "temporary"
            yield member, content()

    assert [member.name for member, _ in members(written(renamed()))] == ["temporary"]
