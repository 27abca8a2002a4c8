"""Files of a home: passwords, secrets, plugins, wars, what a build's steps are, and the seeded home itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rehearsal.jenkins.bcrypt import hash_password, verify_password
from rehearsal.jenkins.detached import LAST_VERSION_FILE, place_bundled
from rehearsal.jenkins.items import Folder
from rehearsal.jenkins.plugins import load_plugins, make_plugin
from rehearsal.jenkins.release import at_least
from rehearsal.jenkins.secret_files import SecretFiles
from rehearsal.jenkins.seed import seed_home
from rehearsal.jenkins.steps import pipeline_steps, shell_steps
from rehearsal.jenkins.users import Users
from rehearsal.jenkins.war import make_war, read_version


def test_bcrypt_agrees_with_a_published_vector() -> None:
    """A hash made by another implementation is recognised, and a wrong password is not."""
    known = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    assert verify_password("U*U", known)
    assert not verify_password("U*V", known)
    assert verify_password("wörd", hash_password("wörd", bytes(range(16))))
    assert not verify_password("x", "$PBKDF2$other")


def test_secret_is_readable_with_its_own_key_only(tmp_path: Path) -> None:
    """Two homes share encrypted values when the key was made before the copy; else the text stays as it is."""
    blue, early, late = (SecretFiles(tmp_path / name) for name in ("blue", "early", "late"))
    blue.create_core()
    shutil.copytree(tmp_path / "blue", tmp_path / "early")
    text = blue.encrypt("hush")
    shutil.copytree(tmp_path / "blue", tmp_path / "late")
    assert late.decrypt(text) == blue.decrypt(text) == "hush"
    assert early.decrypt(text) == text
    assert blue.decrypt("plain") == "plain"


def test_war_says_its_version(tmp_path: Path) -> None:
    """Also a file that is no war is told apart."""
    assert read_version(make_war(tmp_path / "a" / "jenkins.war", "2.440.3")) == "2.440.3"
    (tmp_path / "no.war").write_text("no")
    with pytest.raises(ValueError, match="no manifest"):
        read_version(tmp_path / "no.war")


def test_upgraded_controller_takes_newer_plugins_from_its_war(tmp_path: Path) -> None:
    """What was once part of the core is replaced by a newer copy, with what that needs; at no other start, and not where it is new enough."""
    home, war = tmp_path / "home", make_war(tmp_path / "jenkins.war", "2.440.1")
    make_plugin(home / "plugins/matrix-project.jpi", "matrix-project", "818.v7eb_e657db_924")
    make_plugin(home / "plugins/ionicons-api.jpi", "ionicons-api", "56.v1b_1c8c49374e")
    (home / LAST_VERSION_FILE).write_text("2.440.1")
    assert place_bundled(home, war, "2.440.1") == []
    (home / LAST_VERSION_FILE).write_text("2.426.2")
    assert place_bundled(home, war, "2.440.1") == ["matrix-project", "ionicons-api"]
    versions = {plugin.name: plugin.version for plugin in load_plugins(home, "2.440.1").loaded}
    assert versions == {"matrix-project": "849.v0cd64ed7e531", "ionicons-api": "88.va_4187cb_eddf1"}
    assert place_bundled(home, war, "2.440.1") == []
    without = make_war(tmp_path / "new.war", "2.577")
    make_plugin(home / "plugins/matrix-project.jpi", "matrix-project", "1")
    assert place_bundled(home, without, "2.577") == []


def test_versions_compare_by_number() -> None:
    """LTS patches and weekly releases are one line."""
    assert at_least("2.426.2", "2.426")
    assert at_least("2.516.3", "2.506")
    assert not at_least("2.414.3", "2.426")


def test_plugins_fail_with_their_dependencies(tmp_path: Path) -> None:
    """Missing, outdated and too new: each is named; optional ones do not matter; disabled ones do not load."""
    directory = tmp_path / "plugins"
    make_plugin(directory / "base.jpi", "base", "1.5")
    make_plugin(directory / "fine.jpi", "fine", "1", dependencies="base:1.2,absent:1;resolution:=optional")
    make_plugin(directory / "old-base.jpi", "old-base", "1", dependencies="base:2.0")
    make_plugin(directory / "lost.jpi", "lost", "1", dependencies="absent:3")
    make_plugin(directory / "after.jpi", "after", "1", dependencies="lost:1")
    make_plugin(directory / "new.jpi", "new", "1", required_core="2.500")
    make_plugin(directory / "off.jpi", "off", "1")
    (directory / "off.jpi.disabled").touch()
    plugins = load_plugins(tmp_path, "2.426.2")
    assert plugins.active == {"base", "fine"}
    assert "Plugin is missing: absent (3)" in plugins.failed["lost"]
    assert "Failed to load: lost (lost 1)" in plugins.failed["after"]
    assert "base (base 1.5) to be updated to 2.0" in plugins.failed["old-base"]
    assert "Jenkins (2.500) or higher required" in plugins.failed["new"]
    assert "off" not in plugins.failed


def test_steps_of_shell_and_pipeline() -> None:
    """Sleeps, outputs and exits are found; variables are filled in; nothing after an exit counts."""
    steps = shell_steps("echo building $BRANCH; sleep 2 && sleep 1\nexit 3; sleep 9", {"BRANCH": "main"})
    assert [(step.seconds, step.output, step.exit_code) for step in steps] == [
        (0, "building main", None),
        (2, "", None),
        (1, "", None),
        (0, "", 3),
    ]
    script = "node {\n  echo \"hello ${params.WHO}\"\n  sleep(time: 4, unit: 'SECONDS')\n  sleep 1\n}"
    assert [(step.seconds, step.output) for step in pipeline_steps(script, {"WHO": "ann"})] == [
        (0, "hello ann"),
        (4, ""),
        (1, ""),
    ]


def test_steps_that_wait_for_a_file() -> None:
    """A build goes on until it is told: in a shell and in a pipeline, as a real Jenkins would run them."""
    go = Path("/tmp/go")  # noqa: S108  # never opened
    (step,) = [step for step in shell_steps("until [ -e /tmp/go ]; do sleep 1; done", {}) if step.until]
    assert (step.until, step.seconds) == (go, 0)
    assert [step.until for step in pipeline_steps("waitUntil { fileExists('/tmp/go') }", {})] == [go]


@pytest.mark.parametrize(("jobs", "pipelines"), [(2, False), (12, False), (12, True), (30, True)])
def test_seeded_home_has_what_was_asked_for(tmp_path: Path, jobs: int, pipelines: bool) -> None:
    """So many jobs of the named kinds, so many finished builds, numbers above them, and accounts that sign in."""
    accounts = seed_home(
        tmp_path,
        version="2.426.2",
        jobs=jobs,
        builds=20,
        seed=3,
        root_url="http://ci",
        executors=2,
        pipelines=pipelines,
    )
    root = Folder("", tmp_path, None, "")
    assert root.load(load_plugins(tmp_path, "2.426.2").active) == []
    found = {job.full_name: job for job in root.all_jobs()}
    assert len(found) == jobs
    assert {"canary", "timer-1"} <= set(found)
    assert sum(len(job.builds) for job in found.values()) == 20
    assert all(job.next_number == max(job.builds, default=0) + 1 for job in found.values())
    assert any(job.pipeline for job in found.values()) is pipelines
    assert (tmp_path / "nodes" / "agent-1").exists() is pipelines
    assert (tmp_path / "plugins").exists() is pipelines
    assert (tmp_path / "init.groovy.d" / "rehearsal-accounts.groovy").exists() is not pipelines
    users = Users(tmp_path)
    assert users.has_token(accounts.bot_user, accounts.bot_token)
    assert users.has_password(accounts.admin_user, accounts.password)
    assert not users.has_token(accounts.bot_user, accounts.admin_token)


def test_seed_is_repeatable_and_never_overwrites(tmp_path: Path) -> None:
    """The same seed gives the same accounts; a home that exists is refused."""
    first, second = (
        seed_home(
            tmp_path / name,
            version="2.426.2",
            jobs=8,
            builds=4,
            seed=9,
            root_url="http://ci/",
            executors=2,
            pipelines=True,
        )
        for name in "ab"
    )
    assert first == second
    with pytest.raises(FileExistsError):
        seed_home(
            tmp_path / "a",
            version="2.426.2",
            jobs=8,
            builds=4,
            seed=9,
            root_url="http://ci/",
            executors=2,
            pipelines=True,
        )
