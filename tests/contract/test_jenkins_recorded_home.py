"""The bot's rules and parsers are held to the files of a real Jenkins 2.426.2 home, and every recording has its tests."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from adapters.jenkins.client import JenkinsClient
from adapters.jenkins.failures import ServerFailed
from bot.errors import BotError, Permanent
from bot.home_rules import in_backup, in_clone, never_synced
from bot.settings.connection import ConnectionConfig
from bot.tar_stream import clone_stream, members, unfinished_builds
from rehearsal.jenkins.seed import Accounts
from rehearsal.jenkins.users import new_api_token, write_users
from tests.contract import test_jenkins_connection, test_jenkins_recordings
from tests.contract.recorded_states import RECORDINGS
from tests.contract.standin import started
from tests.contract.test_jenkins_connection import TOKEN, recorded, serve

HOME = RECORDINGS / "home"
HTTP = [file.stem for file in sorted(RECORDINGS.glob("*.json")) if file.stem != "index"]

STANDIN = test_jenkins_recordings.test_answers_like_the_recorded_controller.__name__
VERDICT = "test_every_recorded_answer_has_its_verdict"
LIVES = "test_the_recorded_home_comes_to_life"
CLONED = "test_a_clone_of_the_recorded_home_is_fenced"
TESTS: dict[str, tuple[str, ...]] = {
    **{f"{name}.json": (STANDIN, VERDICT) for name in HTTP},
    "index.json": (STANDIN,),
    "starting.body": ("test_starting_controller_is_not_started", "test_starting_page_has_no_version"),
    "starting.headers": ("test_starting_page_has_no_version",),
    "home/tree.txt": ("test_every_path_of_the_tree_goes_where_it_should",),
    "home/config.xml": (CLONED, LIVES),
    "home/queue.xml": (CLONED, "test_timer_and_queue_file_have_the_recorded_form"),
    "home/nodes/agent-1/config.xml": (CLONED, LIVES),
    "home/users/users.xml": ("test_users_are_kept_in_directories_of_the_recorded_form",),
    "home/jenkins.model.JenkinsLocationConfiguration.xml": (LIVES,),
    "home/jenkins.install.UpgradeWizard.state": (CLONED,),
    "home/jenkins.install.InstallUtil.lastExecVersion": (CLONED,),
    "home/hudson.model.UpdateCenter.xml": (CLONED,),
    "home/jobs/api-build/config.xml": (LIVES,),
    "home/jobs/api-build/nextBuildNumber": (LIVES, "test_build_xml_has_the_recorded_form"),
    "home/jobs/api-build/builds/1/build.xml": (LIVES, "test_build_xml_has_the_recorded_form"),
    "home/jobs/api-build/builds/1/log": (LIVES,),
    "home/jobs/nightly/config.xml": (LIVES,),
    "home/jobs/nightly/builds/1/build.xml": (LIVES,),
}
"""Recording → the tests that hold the stand-in and the bot to it, here or in the modules that replay them."""


def test_every_recording_has_its_tests() -> None:
    """A new recording without a test fails here, and so does the name of a test that is gone."""
    files = {str(file.relative_to(RECORDINGS)) for file in RECORDINGS.rglob("*") if file.is_file()}
    assert files == set(TESTS)
    there = {*globals(), *vars(test_jenkins_connection), *vars(test_jenkins_recordings)}
    assert {name for names in TESTS.values() for name in names} - there == set()
    index = {one["file"] for one in json.loads((RECORDINGS / "index.json").read_text())}
    assert index == set(HTTP)


@pytest.mark.parametrize("name", HTTP)
def test_every_recorded_answer_has_its_verdict(name: str) -> None:
    """Whatever a real controller answers where a script's result was expected becomes one short sentence of the right kind."""
    answer = recorded(name)
    with serve(answer) as server:
        client = JenkinsClient(
            f"http://127.0.0.1:{server.port}", "bot", TOKEN, ConnectionConfig(read_attempts=1)
        )
        with pytest.raises(BotError) as caught:
            client.guard()
    assert type(caught.value) is (ServerFailed if answer.status == 500 else Permanent)
    assert len(server.requests) == 1, "a redirect was followed"
    assert len(str(caught.value)) < 500
    assert "<html" not in str(caught.value)


def tree() -> dict[str, bool]:
    """Path → whether it is a directory."""
    lines = [line.split(" ", 3) for line in (HOME / "tree.txt").read_text().splitlines()]
    return {path.removeprefix("./"): kind == "d" for kind, _, _, path in lines if path != "."}


def test_every_path_of_the_tree_goes_where_it_should() -> None:
    """Only what Jenkins makes again is left out of a backup, only what belongs to one instance out of the clone; a follower keeps its own."""
    paths = tree()
    assert {path for path, directory in paths.items() if not in_backup(path, directory)} == {
        "logs",
        "workspace",
        *(path for path in paths if re.fullmatch(r"plugins/[^/.]+", path)),
    }
    files = [path for path, directory in paths.items() if not directory]
    assert {path for path in files if not in_clone(path)} == {
        ".lastStarted",
        "queue.xml",
        "nodes/agent-1/config.xml",
    }
    synced = {path for path in files if not never_synced(path)}
    assert {path for path in files if path.startswith("jobs/")} <= synced
    assert not {path for path in synced if path.startswith(("secrets/", "nodes/", "plugins/"))}


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(HOME, ".", filter=lambda one: None if one.name.endswith("tree.txt") else one)
    return buffer.getvalue()


def test_a_clone_of_the_recorded_home_is_fenced() -> None:
    """No queue, no node, no executor, no agent port; the state files of the installation and all finished builds are there."""
    assert unfinished_builds([archive()]) == frozenset()
    clone = {
        member.name.removeprefix("./"): b"".join(content())
        for member, content in members(clone_stream([archive()], frozenset(), "// guard"))
        if member.isfile()
    }
    assert "queue.xml" not in clone
    assert not [path for path in clone if path.startswith("nodes/")]
    config = clone["config.xml"].decode()
    assert "<numExecutors>0</numExecutors>" in config
    assert "<slaveAgentPort>-1</slaveAgentPort>" in config
    for kept in (
        "jenkins.install.UpgradeWizard.state",
        "jenkins.install.InstallUtil.lastExecVersion",
        "hudson.model.UpdateCenter.xml",
        "jobs/nightly/builds/1/build.xml",
    ):
        assert clone[kept] == (HOME / kept).read_bytes()


def test_the_recorded_home_comes_to_life(tmp_path: Path) -> None:
    """The stand-in starts on the real files, and the bot finds in it what was recorded."""
    home = tmp_path / "home"
    shutil.copytree(HOME, home)
    for name in ("queue.xml", "tree.txt"):
        (home / name).unlink()
    # Users' own files, with their tokens, were not recorded.
    token = new_api_token("0" * 32)
    write_users(home, {"upgrade-bot": (token, "password")})
    accounts = Accounts("upgrade-bot", token, "upgrade-bot", token, "password")
    with started(tmp_path, home=home, accounts=accounts) as standin:
        client = JenkinsClient(standin.url, "upgrade-bot", token)
        assert client.identity().root_url == "http://ci.example.com/"
        found = client.inventory()
        assert {(job.name, job.kind, job.builds) for job in found.jobs} == {
            ("api-build", "hudson.model.FreeStyleProject", 1),
            ("nightly", "hudson.model.FreeStyleProject", 1),
        }
        assert found.nodes == ("agent-1",)
        number = int((HOME / "jobs/api-build/nextBuildNumber").read_text())
        assert client.numbers({})["api-build"] == number
        builds = {(build.job, build.number, build.result) for build in client.builds(0, ()).finished}
        assert {("api-build", 1, "SUCCESS"), ("nightly", 1, "SUCCESS")} <= builds
        log = standin.send("GET", "/job/api-build/1/consoleText").text
        assert "Finished: SUCCESS" in log
        xml = {item.name: item.xml for item in client.item_configs(0).changed}
        assert xml["nightly"] == (HOME / "jobs/nightly/config.xml").read_text()


def test_users_are_kept_in_directories_of_the_recorded_form(tmp_path: Path) -> None:
    """Letters of the id and a number, named in a map of the recorded form."""
    write_users(
        tmp_path, {"admin": (new_api_token("0" * 32), "p"), "upgrade-bot": (new_api_token("1" * 32), "p")}
    )
    pattern = re.compile(r"<string>([^<]+)</string>\s*<string>([^<]+)</string>")
    ours, theirs = (
        dict(pattern.findall((home / "users/users.xml").read_text())) for home in (tmp_path, HOME)
    )
    assert set(ours) == set(theirs) == {"admin", "upgrade-bot"}
    for name, directory in ours.items():
        assert directory.rpartition("_")[0] == theirs[name].rpartition("_")[0]
        assert (tmp_path / "users" / directory).is_dir()
