"""The validation's whole report goes into the thread as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content import Document
from bot.model import Instance, RecentLog
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.world import ANN, Bot, FakeEnvironment, World, make_config


def test_a_directory_of_a_build_that_was_cut_off_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """Blue was killed during a freestyle build once: no result, in no clone, named as a warning. A build that runs meanwhile is not one."""
    world = World(tmp_path)
    blue = world.instances["main-first"]
    blue.files |= {"jobs/app/builds/7/log": b"Started by", "jobs/app/nextBuildNumber": b"8"}
    blue.duration = 500
    blue.trigger("app", "long")
    blue.files["jobs/app/builds/8/log"] = b"Started by"
    bot = Bot(world, make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(600):
        bot.settle(1.0)
        if bot.upgrade().status in (Status.WAITING, Status.HELD):
            break
    assert bot.upgrade().status is Status.WAITING, bot.upgrade().hold
    text = report_of(bot)
    assert "- jobs/app/builds/7 of app has no result" in text
    assert "builds/8" not in text


LINES = """Running from: /usr/share/jenkins/jenkins.war
2026-01-01 00:00:01.000+0000 [id=31]	SEVERE	hudson.util.BootFailure#publish: known on both
2026-01-01 00:00:01.000+0000 [id=31]	SEVERE	jenkins.InitReactorRunner$1#onTaskFailed: Failed Loading job a
java.io.IOException: broken
2026-01-01 00:00:02.500+0000 [id=32]	INFO	hudson.model.Job#onLoad: Deleting legacyIds file
"""


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param(
            LINES, "new on green: jenkins.InitReactorRunner$1: Failed Loading job a", id="Jenkins' own format"
        ),
        pytest.param("a format of one's own\n", "the beginning of green's log is gone", id="another format"),
    ],
)
def test_what_jenkins_keeps_no_more_of_its_log_is_read_from_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, said: str
) -> None:
    """A start with many jobs pushes out what went wrong before; what cannot be read is told instead of passed."""

    def log(jenkins: FakeJenkins, since_ms: int) -> RecentLog:
        return RecentLog((), whole=jenkins.name == "main-first")

    def logs(environment: FakeEnvironment, instance: Instance, lines: int) -> str:
        return LINES.replace("Failed", "Fine") if instance.name == "main-first" else written

    monkeypatch.setattr(FakeJenkins, "log", log)
    monkeypatch.setattr(FakeEnvironment, "logs", logs)
    bot = Bot(World(tmp_path), make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(600):
        bot.settle(1.0)
        if bot.upgrade().status is Status.WAITING:
            break
    [row] = [line for line in report_of(bot).splitlines() if "Log (SEVERE) |" in line]
    assert row.startswith("| ⚠ warning")
    assert said in row
    assert "known on both" not in row


def test_the_report_is_a_file_in_the_thread_with_both_sides_values(tmp_path: Path) -> None:
    """When the first gate opens it is there, made of the two versions that really answered."""
    bot = Bot(World(tmp_path), make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(600):
        bot.settle(1.0)
        if bot.upgrade().status is Status.WAITING:
            break
    text = report_of(bot)
    assert "| ✓ ok | Version | 2.426.2 | 2.516.3 |" in text
    assert "| ✓ ok | Guard | owner | follower |" in text


def report_of(bot: Bot) -> str:
    """The file that is put below the dashboard."""
    (document,) = [content for content in bot.shown().values() if isinstance(content, Document)]
    assert document.filename == f"validation-{bot.upgrade().id}.md"
    return document.text
