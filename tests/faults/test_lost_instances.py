"""When one of the two instances cannot be worked with any more: the upgrade comes to its end all the same, and what nobody knows is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import pytest

from bot.errors import Permanent, Temporary
from bot.model import BuildReport, Instance, InstanceState
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.story import lead_to, run_to, said
from tests.fakes.world import ANN, BOB, Bot, Killed, World, make_config


class Story:
    """An upgrade in which blue or green is lost, sometimes at one of the bot's changes."""

    def __init__(self, directory: Path) -> None:
        self.at: dict[tuple[str, str], Callable[[], object]] = {}
        self.world = World(directory)
        self.config = make_config(directory)
        self.blue = self.world.instances["main-first"]
        self.together = 0
        """Moments with two owners."""
        self.world.clock.listeners.append(self._look)
        self.restart()

    def restart(self) -> None:
        self.bot = Bot(self.world, self.config, self._meanwhile)

    def _meanwhile(self, moment: str, point: str) -> None:
        self.at.pop((moment, point), lambda: None)()

    def _look(self, _now: float) -> None:
        self.together += len(self.world.owners()) > 1

    @property
    def green(self) -> FakeJenkins:
        green = self.world.green()
        assert green is not None, "there is a green by now"
        return green

    def begin_rollback(self) -> None:
        self.bot.commands.run("rollback main", ANN)

    def roll_back(self, seconds: float = 150.0) -> None:
        self.begin_rollback()
        self.bot.settle(seconds)

    def assert_back_on_blue(self) -> None:
        assert self.bot.upgrade().status is Status.ROLLED_BACK
        assert self.world.owners() == ["main-first"]
        assert self.together == 0
        ran = Counter((execution.job, execution.number) for execution in self.world.executions)
        assert set(ran.values()) <= {1}, "a build number was given out twice"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def lose(jenkins: FakeJenkins) -> None:
    """It dies."""
    jenkins.reachable = False
    jenkins.stop()


# ---- green, on the way back


@pytest.mark.parametrize("step", ["watch-25", "watch-100"])
def test_a_green_that_refuses_the_bot_is_gone_on_without(story: Story, step: str) -> None:
    """Its new plugins broke the tokens or the script console: that never passes, and it is as good as silent."""
    run_to(story.bot, step)
    story.world.trigger("app", "green")
    story.bot.settle(5.0)
    story.green.refusal = "does not accept the API token of bot"
    story.roll_back()
    story.assert_back_on_blue()
    assert not story.green.running
    assert set(story.world.triggered) <= set(story.blue.tickets())


def test_a_green_whose_container_was_removed_is_gone_on_without(story: Story) -> None:
    """There is no disk to read: what was only there is named."""
    run_to(story.bot, "watch-100")
    del story.world.instances[story.green.name]
    story.roll_back()
    story.assert_back_on_blue()
    words = said(story.bot)
    assert "could not be read" in words
    assert "Agents have to be added again" in words


def test_a_handover_back_that_never_works_ends_in_a_takeover(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Green says who it is, and one of its scripts always fails. Nothing that it has built since the scripts began to fail is lost."""
    run_to(story.bot, "watch-100")
    builds, green = FakeJenkins.builds, story.green

    def broken(jenkins: FakeJenkins, since_ms: int, watched: tuple[()]) -> BuildReport:
        if jenkins is green:
            raise Permanent("builds failed")
        return builds(jenkins, since_ms, watched)

    monkeypatch.setattr(FakeJenkins, "builds", broken)
    for _ in range(3):
        story.world.trigger("app", "green")
        story.bot.settle(2.0)
    story.roll_back(60.0)
    story.assert_back_on_blue()
    assert set(story.world.triggered) <= set(story.blue.tickets())


def test_green_is_not_stopped_for_what_is_wrong_with_blue(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk lets the handover back fail as well: a takeover would stop a green that works, for a blue that does not."""
    run_to(story.bot, "watch-100")
    story.world.trigger("app", "green")
    write = story.world.environment.write_home

    def full(instance: Instance, chunks: Iterable[bytes]) -> None:
        if instance.name == "main-first" and story.blue.free_disk_bytes == 0:
            raise Permanent("the disk of blue is full")
        write(instance, chunks)

    monkeypatch.setattr(story.world.environment, "write_home", full)
    story.blue.free_disk_bytes = 0
    story.bot.settle(3.0)
    story.roll_back()
    assert story.world.owners() == [story.green.name]
    story.blue.free_disk_bytes = 10**12
    story.bot.settle(90.0)
    story.assert_back_on_blue()
    assert set(story.world.triggered) <= set(story.blue.tickets())


def test_green_is_not_stopped_while_blue_is_silent_too(story: Story) -> None:
    """Then people would be left with nothing; when blue is back, it takes over."""
    run_to(story.bot, "watch-100")
    story.green.reachable = story.blue.reachable = False
    story.roll_back(120.0)
    assert story.green.running
    story.blue.reachable = True
    story.bot.settle(60.0)
    story.assert_back_on_blue()


def test_green_dies_while_its_last_builds_end(story: Story) -> None:
    """They are named, their serial jobs do not wait for them any more, and the way back comes to its end."""
    run_to(story.bot, "watch-100")
    story.green.duration = 1000.0
    story.world.trigger("serial", "green")
    story.bot.settle(3.0)
    waiting: list[str] = []

    def look(_now: float) -> None:
        if story.bot.upgrade().step == "back-drain" and not waiting:
            assert story.blue.busy == ("serial",)
            story.world.trigger("serial", "blue")
            waiting.append(story.world.triggered[-1])
            lose(story.green)

    story.world.clock.listeners.append(look)
    story.roll_back()
    story.assert_back_on_blue()
    assert waiting[0] in story.blue.tickets(), "the serial job went on"
    assert "`serial #" in said(story.bot)


def test_a_green_that_is_silent_for_a_moment_keeps_its_last_builds(story: Story) -> None:
    """Blue owns the builds already, so nobody is in a hurry."""
    run_to(story.bot, "watch-100")
    story.green.duration = 60.0
    story.world.trigger("app", "green")
    story.bot.settle(3.0)
    away = story.world.clock.now() + 10, story.world.clock.now() + 40

    def look(now: float) -> None:
        story.green.reachable = not away[0] < now < away[1]

    story.world.clock.listeners.append(look)
    story.roll_back()
    story.assert_back_on_blue()
    assert story.world.triggered[-1] in story.blue.tickets()


def test_green_dies_just_before_it_is_stopped(story: Story) -> None:
    """What waited in its queue cannot be asked for: that is said, and everything is over."""
    run_to(story.bot, "watch-100")
    story.at["before", "rollback.forget-green"] = lambda: lose(story.green)
    story.roll_back()
    story.assert_back_on_blue()
    assert "Green does not answer any more" in said(story.bot)


def test_a_takeover_that_is_killed_names_what_was_cut_off_all_the_same(story: Story) -> None:
    """Numbers of blue were raised by then: that does not make green's builds its own."""
    run_to(story.bot, "watch-100")
    story.green.duration = 1000.0
    story.world.trigger("app", "green")
    story.bot.settle(3.0)
    lose(story.green)

    def die() -> NoReturn:
        raise Killed("salvage")

    story.at["acted", "rollback.salvage"] = die
    story.begin_rollback()
    with pytest.raises(Killed):
        story.bot.settle(30.0)
    story.restart()
    story.bot.settle(60.0)
    story.assert_back_on_blue()
    assert "was cut off on green" in said(story.bot)


def test_a_long_build_is_named_though_later_ones_were_carried(story: Story) -> None:
    """A job that has later builds on blue's disk counts on above them; the long one is not taken for blue's own."""
    run_to(story.bot, "watch-100")
    story.green.duration = 1000.0
    story.world.trigger("app", "green")
    story.green.duration = 1.0
    story.world.trigger("app", "green")
    story.bot.settle(5.0)
    assert story.world.triggered[-1] in story.blue.tickets()
    long = next(e for e in story.world.executions if e.ticket == story.world.triggered[-2])
    lose(story.green)
    story.roll_back()
    story.assert_back_on_blue()
    assert f"`jobs/app/builds/{long.number}` was cut off" in said(story.bot)


def test_a_green_that_was_made_and_not_noted_is_removed(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed just after it was created: nothing with its name stays behind."""
    create = story.world.environment.create

    def create_and_die(name: str, like: Instance, version: str, queue_id: str) -> Instance:
        create(name, like, version, queue_id)
        monkeypatch.undo()
        raise Killed("create")

    monkeypatch.setattr(story.world.environment, "create", create_and_die)
    story.bot.commands.run("start main 2.516.3", ANN)
    with pytest.raises(Killed):
        story.bot.settle(30.0)
    assert story.world.green() is not None
    story.restart()
    story.roll_back()
    story.assert_back_on_blue()
    assert story.world.green() is None


# ---- blue, after the handover


def test_blue_dies_while_green_is_watched_and_the_upgrade_comes_to_its_end(story: Story) -> None:
    """Its last builds are named, the gate asks, and it is retired."""
    run_to(story.bot, "gate-handover")
    story.blue.duration = 1000.0
    story.world.trigger("serial", "blue")
    lead_to(story.bot, "soak")
    lose(story.blue)
    busy = [story.green.busy]
    lead_to(story.bot, "gate-retire")
    assert [*busy, story.green.busy] == [("serial",), ()]
    assert "`serial #" in said(story.bot)
    story.bot.commands.run("approve main", BOB)
    story.bot.settle(30.0)
    assert story.bot.upgrade().status is Status.COMPLETED


def test_blues_machine_dies(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither it nor its engine answers: after a minute that counts as ended. A human sees that it stays down."""
    run_to(story.bot, "soak")
    lose(story.blue)
    state, stop = story.world.environment.state, story.world.environment.stop

    def silent_state(instance: Instance) -> InstanceState:
        if instance.name == "main-first":
            raise Temporary("the Docker engine does not answer")
        return state(instance)

    def silent_stop(instance: Instance) -> None:
        if instance.name == "main-first":
            raise Temporary("the Docker engine does not answer")
        stop(instance)

    monkeypatch.setattr(story.world.environment, "state", silent_state)
    monkeypatch.setattr(story.world.environment, "stop", silent_stop)
    lead_to(story.bot, "gate-retire")
    story.bot.commands.run("approve main", BOB)
    story.bot.settle(200.0)
    assert story.bot.upgrade().status is Status.COMPLETED
    assert "see that main-first stays down" in said(story.bot)


def test_one_lost_answer_does_not_hold_a_drain(story: Story) -> None:
    """It may last for hours: a blip is tried again."""
    run_to(story.bot, "soak")
    statuses: set[Status] = set()

    def look(_now: float) -> None:
        upgrade = story.bot.upgrade()
        statuses.add(upgrade.status)
        story.blue.reachable = "drain" in upgrade.records and upgrade.records["drain"].attempt > 2

    story.world.clock.listeners.append(look)
    lead_to(story.bot, "gate-retire")
    assert Status.HELD not in statuses


def test_a_blue_that_runs_and_does_not_answer_is_a_humans_decision(story: Story) -> None:
    """It may be building still: nothing is gone on without it until it is stopped."""
    run_to(story.bot, "soak")
    story.blue.reachable = False
    story.bot.settle(240.0)
    assert story.bot.upgrade().status is Status.HELD
    story.blue.stop()
    story.bot.commands.run("resume main", ANN)
    lead_to(story.bot, "gate-retire")


def test_blue_dies_at_the_last_gate(story: Story) -> None:
    """What waited in its queue cannot be asked for: that is said, and everything is over."""
    run_to(story.bot, "gate-retire")
    lose(story.blue)
    story.bot.commands.run("approve main", BOB)
    story.bot.settle(60.0)
    assert story.bot.upgrade().status is Status.COMPLETED
    assert "Blue had ended" in said(story.bot)
