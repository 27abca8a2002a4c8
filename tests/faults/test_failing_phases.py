"""When something outside fails: one clear message, the upgrade held or ended, blue untouched."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from bot.errors import NotStarted, Permanent
from bot.model import Boot, GuardState, Instance, InstanceState, Role, RouterState, Side
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.world import ANN, BOB, Bot, FakeEnvironment, World, make_config


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), make_config(tmp_path, boot_seconds=30))


def run_until_it_stands(bot: Bot, seconds: int = 120) -> str:
    """Start an upgrade and let time pass; returns why it stands still."""
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(seconds):
        bot.settle(1.0)
        if bot.upgrade().status in (Status.HELD, Status.FAILED):
            break
    hold = bot.upgrade().hold
    assert hold is not None, f"still at {bot.upgrade().step}"
    return hold.text


def assert_blue_untouched(bot: Bot) -> None:
    """It runs, owns the builds, and every session goes there."""
    blue = bot.world.instances["main-first"]
    assert blue.running
    assert blue.role is Role.OWNER
    state = bot.world.router.read()
    assert (state.blue, state.weight, state.owner) == (bot.world.blue.url, 0, Side.BLUE)


def test_a_full_disk_during_the_backup_holds_the_upgrade(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise Permanent("the disk of /backups is full: free some space; nothing was left behind")

    monkeypatch.setattr(bot.world.backups, "write", full)
    assert "is full" in run_until_it_stands(bot)
    assert bot.upgrade().step == "backup"
    assert_blue_untouched(bot)


def booting(jenkins: FakeJenkins) -> Boot:
    """Blue is up, green is not."""
    if jenkins.name == "main-first":
        return Boot(jenkins.version, "b")
    raise NotStarted("starting")


def test_a_green_that_never_boots_holds_the_upgrade(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the end of its log, after the configured time."""
    monkeypatch.setattr(FakeJenkins, "boot", booting)
    text = run_until_it_stands(bot)
    assert "has not started within 30 s" in text
    assert "the log" in text
    assert_blue_untouched(bot)


def test_a_green_that_dies_while_it_boots_holds_the_upgrade(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.world.environment, "start", lambda _instance: None)
    assert "ended while it started" in run_until_it_stands(bot)
    assert_blue_untouched(bot)


def test_a_green_that_ends_and_comes_back_while_it_boots_holds_the_upgrade(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, with the reason and its log, not after all the time that a boot may take."""
    state = FakeEnvironment.state

    def ending(environment: FakeEnvironment, instance: Instance) -> InstanceState:
        found = state(environment, instance)
        green = instance.name != "main-first" and found.running
        return dataclasses.replace(found, restarts=3, oom_killed=True) if green else found

    monkeypatch.setattr(FakeEnvironment, "state", ending)
    monkeypatch.setattr(FakeJenkins, "boot", booting)
    began = bot.world.clock.now()
    text = run_until_it_stands(bot)
    assert "for lack of memory" in text
    assert "the log" in text
    assert bot.world.clock.now() - began < 30
    assert_blue_untouched(bot)


def test_a_green_of_the_wrong_version_holds_the_upgrade(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeJenkins, "boot", lambda _jenkins: Boot("2.426.2", "b"))
    assert "not 2.516.3" in run_until_it_stands(bot)
    assert_blue_untouched(bot)


def test_a_green_whose_guard_failed_open_is_stopped(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exceptions of init scripts are only logged by Jenkins: the bot asks, and an unfenced green does not stay up."""
    owner = GuardState(Role.OWNER, None, False, (), 0)
    monkeypatch.setattr(FakeJenkins, "guard", lambda _jenkins: owner)
    monkeypatch.setattr(FakeJenkins, "take_role", lambda _jenkins, _role, _upgrade, _busy=(): owner)
    assert "could not be fenced" in run_until_it_stands(bot)
    green = bot.world.green()
    assert green is not None
    assert not green.running


def test_a_green_that_misses_jobs_fails_validation(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report names what is missing."""
    jobs = FakeJenkins._jobs

    def without_app(jenkins: FakeJenkins) -> list[str]:
        """It does not load there, however often it is read."""
        return [job for job in jobs(jenkins) if jenkins.name == "main-first" or job != "app"]

    monkeypatch.setattr(FakeJenkins, "_jobs", without_app)
    text = run_until_it_stands(bot)
    assert "Jobs: missing on green: app" in text
    assert bot.upgrade().step == "validate"
    assert_blue_untouched(bot)


def test_a_router_that_points_elsewhere_ends_the_upgrade_before_it_begins(bot: Bot) -> None:
    bot.world.router.state = RouterState("http://elsewhere", None, 0, Side.BLUE)
    assert "Router" in run_until_it_stands(bot)
    assert bot.upgrade().status is Status.FAILED
    assert len(bot.world.instances) == 1


def test_a_router_that_does_not_do_as_told_is_tried_again_and_then_held(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every set is read back."""
    monkeypatch.setattr(bot.world.router, "apply", lambda _state: None)
    assert "reports" in run_until_it_stands(bot, 300)
    assert bot.upgrade().step == "upgrade"


def test_a_green_that_becomes_bad_while_it_is_watched_is_held_and_its_sessions_go_back(bot: Bot) -> None:
    """The thread says why, with the figures."""
    bot.commands.run("start main 2.516.3", ANN)
    for _ in _seconds(bot, 200):
        if bot.upgrade().step == "watch-10":
            break
        gate = bot.store.newest_gate(bot.upgrade().id, bot.upgrade().step)
        if gate is not None and gate.outcome is None:
            bot.commands.run("approve main", BOB)
    green = bot.world.green()
    assert green is not None
    green.reachable = False
    for _ in _seconds(bot, 30):
        if bot.upgrade().status is Status.HELD:
            break
    hold = bot.upgrade().hold
    assert hold is not None
    assert "errors: green" in hold.text
    assert bot.world.router.read().weight == 0
    assert bot.world.instances["main-first"].role is Role.OWNER


def _seconds(bot: Bot, count: int) -> Iterator[int]:
    for second in range(count):
        bot.settle(1.0)
        yield second
