"""A handover that is held, killed or fails in the middle: afterwards exactly one side owns the builds, without anybody's help."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.model import Role, Side
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.story import lead_to, run_to, said
from tests.fakes.world import ANN, BOB, Bot, Killed, World, make_config


class Handover:
    """An upgrade at the gate of its handover; what happens at a change of it is for the test to say."""

    def __init__(self, directory: Path) -> None:
        self.at: dict[tuple[str, str], Callable[[], object]] = {}
        self.world = World(directory)
        self.config = make_config(directory)
        self.bot = Bot(self.world, self.config, self._meanwhile)
        run_to(self.bot, "gate-handover")
        self.blue, green = self.world.instances["main-first"], self.world.green()
        assert green is not None
        self.green: FakeJenkins = green
        self.world.clock.listeners.append(self._look)
        self.together = 0
        """Moments with two owners."""

    def _meanwhile(self, moment: str, point: str) -> None:
        self.at.pop((moment, point), lambda: None)()

    def _look(self, _now: float) -> None:
        self.together += len(self.world.owners()) > 1

    def approve(self) -> None:
        self.bot.commands.run("approve main", BOB)
        self.bot.settle(1.0)

    def hold(self) -> None:
        self.bot.commands.run("pause main", ANN)

    def killed_at(self, moment: str, point: str, *before: Callable[[], object]) -> None:
        """The bot does that, is killed, and another one starts."""

        def die() -> None:
            for act in before:
                act()
            raise Killed(point)

        self.at[moment, point] = die
        with pytest.raises(Killed):
            self.approve()
        self.bot = Bot(self.world, self.config, self._meanwhile)


@pytest.fixture
def handover(tmp_path: Path) -> Handover:
    return Handover(tmp_path)


def test_a_failed_undo_does_not_leave_the_owner_holding(handover: Handover) -> None:
    """Green fails in the freeze, and blue does not answer when it should go on: at the next tick it is told again."""
    handover.at["before", "shift.top-up-numbers"] = lambda: setattr(handover.green, "refusal", "broken")
    handover.at["before", "shift.undo-hold"] = lambda: setattr(handover.blue, "reachable", False)
    handover.approve()
    assert handover.bot.upgrade().status is Status.HELD
    assert handover.world.owners() == []
    handover.blue.reachable = True
    handover.bot.settle(3.0)
    assert handover.world.owners() == ["main-first"]
    assert "Blue was still holding new builds back" in said(handover.bot)


def test_a_green_that_has_lost_its_guard_is_not_taken_for_released(handover: Handover) -> None:
    """Nobody has released it, so the whole way is gone: hold, sync, numbers."""
    handover.green.role = Role.OWNER
    handover.approve()
    assert handover.bot.upgrade().owner is Side.GREEN
    names = [entry.name for entry in handover.bot.store.journal(handover.bot.upgrade().id)]
    assert "hold" in names
    assert "release" in names


def test_agents_and_clouds_do_not_stay_with_a_follower(
    handover: Handover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Green got them, then was not released: as a follower it would take agents, and clean up clouds, of the owner."""
    withdrawn: list[str] = []

    def withdraw(jenkins: FakeJenkins) -> tuple[str, ...]:
        withdrawn.append(jenkins.name)
        return ()

    monkeypatch.setattr(FakeJenkins, "withdraw_nodes", withdraw)
    handover.at["acted", "shift.nodes"] = lambda: setattr(handover.green, "refusal", "broken")
    handover.at["before", "shift.undo-hold"] = lambda: setattr(handover.green, "refusal", None)
    handover.approve()
    assert withdrawn == [handover.green.name]
    assert handover.world.owners() == ["main-first"]


def test_a_router_is_not_put_right_in_the_middle_of_a_handover(handover: Handover) -> None:
    """Held by a human just then: what the router was told is ahead of what is stored, until the new owner is."""
    watcher = handover.bot.watcher
    ticks: list[threading.Thread] = []

    def look_at_the_router() -> None:
        handover.hold()
        tick = threading.Thread(target=watcher.keep, args=(handover.bot.contexts.beside(upgrade),))
        tick.start()
        tick.join(timeout=0.3)
        ticks.append(tick)

    upgrade = handover.bot.upgrade().id
    handover.at["acted", "shift.owner-route"] = look_at_the_router
    handover.approve()
    ticks[0].join()
    owners = [state.owner for state in handover.world.router.history]
    assert owners == sorted(owners), "from blue to green, once"
    assert handover.bot.upgrade().owner is Side.GREEN
    assert handover.world.owners() == [handover.green.name]


def test_held_and_killed_after_the_release_green_is_the_owner(handover: Handover) -> None:
    """Nobody has noted it, and nobody resumes: the next tick finds out and makes blue a follower."""
    handover.killed_at("acted", "shift.release", handover.hold)
    handover.bot.settle(5.0)
    assert handover.bot.upgrade().status is Status.HELD
    assert handover.bot.upgrade().owner is Side.GREEN
    assert handover.world.owners() == [handover.green.name]
    assert handover.blue.role is Role.FOLLOWER
    assert handover.world.router.read().owner is Side.GREEN


@pytest.mark.parametrize("point", ["shift.hold", "shift.owner-route", "shift.nodes"])
def test_held_and_killed_before_the_release_blue_goes_on(handover: Handover, point: str) -> None:
    """New builds must not wait until somebody resumes."""
    handover.killed_at("acted", point, handover.hold)
    handover.world.trigger("app", "blue")
    handover.bot.settle(5.0)
    assert handover.bot.upgrade().status is Status.HELD
    assert handover.world.owners() == ["main-first"]
    assert handover.world.router.read().owner is Side.BLUE
    assert handover.world.triggered[-1] in handover.blue.tickets()
    handover.bot.commands.run("resume main", ANN)
    lead_to(handover.bot, "watch-handover")
    assert handover.world.owners() == [handover.green.name]


@pytest.mark.parametrize("moment", ["before", "after", "acted"])
def test_a_rollback_after_a_kill_around_the_release_brings_ownership_back(
    handover: Handover, moment: str
) -> None:
    """Stored is blue, in force may be green: whoever holds is released, what green has built comes along."""
    handover.killed_at(moment, "shift.release")
    handover.bot.commands.run("rollback main", ANN)
    handover.world.trigger("app", "green")
    handover.world.trigger("app", "blue")
    handover.bot.settle(120.0)
    assert handover.bot.upgrade().status is Status.ROLLED_BACK
    assert handover.world.owners() == ["main-first"]
    assert handover.together == 0
    ran = Counter(execution.ticket for execution in handover.world.executions)
    assert max(ran.values()) == 1
    assert set(handover.world.triggered) <= set(handover.blue.tickets())


def test_a_green_that_was_released_and_died_at_once_is_taken_over_from(handover: Handover) -> None:
    """Nobody has noted that it was the owner: its builds are looked for on its disk all the same."""
    handover.killed_at("acted", "shift.release")
    handover.world.trigger("app", "green")
    handover.world.clock.move(handover.world.clock.now() + 2)
    handover.green.stop()
    handover.bot.commands.run("rollback main", ANN)
    handover.bot.settle(60.0)
    assert handover.bot.upgrade().status is Status.ROLLED_BACK
    assert handover.world.owners() == ["main-first"]
    assert handover.world.triggered[-1] in handover.blue.tickets()
