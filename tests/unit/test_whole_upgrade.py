"""Whole upgrades on virtual time: completed, rolled back at every point, killed at every intent. Nothing lost, nothing doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.model import Role, Side
from bot.upgrade import Status
from tests.fakes.world import AGENT_PORT, ANN, BOB, Bot, Killed, World, make_config

LIMIT = 400
"""Rounds of a second; a whole upgrade takes about 250 virtual seconds."""


class People:
    """Ann starts, Bob approves, users trigger builds on both sides all the time."""

    def __init__(self, world: World, config_directory: Path) -> None:
        self.world = world
        self.config = make_config(config_directory)
        self.killed: set[tuple[str, str]] = set()
        self.kill = False
        self.bot = self._bot()

    def _bot(self) -> Bot:
        return Bot(self.world, self.config, self._crash if self.kill else lambda _moment, _point: None)

    def _crash(self, moment: str, point: str) -> None:
        if (moment, point) not in self.killed:
            self.killed.add((moment, point))
            raise Killed(point)

    def alive(self, act: Callable[[], object]) -> None:
        """Do something with the bot; when it is killed, start it again."""
        try:
            act()
        except Killed:
            self.restart()

    def restart(self) -> None:
        while True:
            try:
                self.bot = self._bot()
                return
            except Killed:
                continue

    def second(self) -> None:
        """One second of the world: clicks, builds, approvals."""
        upgrade, router, green = self.bot.upgrade(), self.world.router.read(), self.world.green()
        if router.blue == self.world.blue.url:
            self.world.trigger("app", "blue")
            self.world.trigger("serial", "blue")
        if green is not None and green.running and (router.green or router.blue) == f"http://{green.name}":
            self.world.trigger("app", "green")
        self.alive(lambda: self.bot.settle(1.0))
        assert len(self.world.owners()) <= 1, "two owners at one time"
        gate = self.bot.store.newest_gate(upgrade.id, self.bot.upgrade().step)
        if gate is not None and gate.outcome is None:
            self.alive(lambda: self.bot.click("approve", gate, BOB))

    def start(self) -> None:
        notice = self.bot.commands.run("start main 2.516.3", ANN)
        assert "Upgrading" in notice.text

    def finish(self) -> None:
        for _ in range(LIMIT):
            if not self.bot.upgrade().live:
                return
            self.second()
        pytest.fail(f"not finished: {self.bot.upgrade().step} {self.bot.upgrade().hold}")

    def settle_builds(self) -> None:
        """Users stop clicking; what waits is built, and the world comes to rest."""
        for _ in range(40):
            self.alive(lambda: self.bot.settle(20.0))


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(World(tmp_path), tmp_path)


def assert_nothing_lost_or_doubled(people: People, survivor: str) -> None:
    world = people.world
    ran = Counter(execution.ticket for execution in world.executions)
    assert [ticket for ticket, count in ran.items() if count > 1] == [], "doubled"
    assert set(world.triggered) <= set(ran), f"lost: {set(world.triggered) - set(ran)}"
    minutes = {int(e.ticket.split("@")[1]) for e in world.executions if e.job == "timer"}
    assert len(minutes) == max(minutes) - min(minutes) + 1, "a timer was missed"
    history = set(world.instances[survivor].tickets())
    assert set(ran) - {b.ticket for b in world.instances[survivor].live_builds} <= history, (
        "missing in the history that users see"
    )


def test_an_upgrade_completes_with_nothing_lost_or_doubled(people: People) -> None:
    """From the command to the retired old instance, with builds triggered on both sides all the time."""
    people.start()
    people.finish()
    upgrade = people.bot.upgrade()
    assert upgrade.status is Status.COMPLETED
    people.settle_builds()
    green = people.world.green()
    assert green is not None
    assert not people.world.instances["main-first"].running
    assert_nothing_lost_or_doubled(people, green.name)
    own = people.world.environment.agent_port(upgrade.instance(Side.GREEN), AGENT_PORT)
    assert green.listens_at == own, "agents that dial in find the owner"
    weights = [state.weight for state in people.world.router.history]
    assert weights == [*sorted(weights[:-1]), 0], (
        "traffic only ever rose, until green was made the only instance"
    )
    assert upgrade.facts["freeze_seconds"] < 3


def test_every_traffic_step_was_approved_by_a_click(people: People) -> None:
    """The journal names who approved each increment, before it was made."""
    people.start()
    people.finish()
    entries = people.bot.store.journal(people.bot.upgrade().id)
    for step in ("send-10", "send-25", "send-50", "handover", "send-100", "retire"):
        first_intent = next(i for i, e in enumerate(entries) if e.step == step and e.kind == "intent")
        gate = "gate-" + step.removeprefix("send-")
        approval = next(i for i, e in enumerate(entries) if e.step == gate and e.kind == "decision")
        assert approval < first_intent
        assert entries[approval].actor == BOB.id


POINTS = [
    "clone",
    "upgrade",
    "validate",
    "gate-10",
    "watch-10",
    "watch-25",
    "watch-50",
    "watch-handover",
    "watch-100",
    "soak",
]


@pytest.mark.parametrize("point", POINTS)
def test_a_rollback_brings_everybody_back_and_loses_nothing(people: People, point: str) -> None:
    """Wherever it is asked for: blue owns again, green is stopped, and what ran on green is in blue's history."""
    people.start()
    for _ in range(LIMIT):
        if people.bot.upgrade().step == point or (
            people.bot.upgrade().step > "" and point in people.bot.upgrade().records
        ):
            break
        people.second()
    notice = people.bot.commands.run("rollback main", ANN)
    assert "Rolling main back" in notice.text
    people.bot.settle()
    state = people.world.router.state
    assert state is not None
    assert state.weight == 0, "users are back at once"
    people.finish()
    assert people.bot.upgrade().status is Status.ROLLED_BACK
    people.settle_builds()
    blue, green = people.world.instances["main-first"], people.world.green()
    assert blue.role is Role.OWNER
    assert green is None or not green.running
    assert blue.listens_at == AGENT_PORT
    assert state.owner is Side.BLUE or people.world.router.read().owner is Side.BLUE
    assert_nothing_lost_or_doubled(people, "main-first")


def test_killed_before_and_after_every_intent_it_still_completes(people: People) -> None:
    """The process dies at every journalled intent once: before it, after it, and after the act but before the outcome."""
    people.kill = True
    people.restart()
    people.alive(people.start)
    people.finish()
    assert people.bot.upgrade().status is Status.COMPLETED
    people.settle_builds()
    green = people.world.green()
    assert green is not None
    assert_nothing_lost_or_doubled(people, green.name)
    points = {point for _, point in people.killed}
    for phase in ("preflight", "backup", "clone", "upgrade", "validate", "shift", "soak", "retire"):
        assert any(point.startswith(phase + ".") for point in points), f"never killed in {phase}"
    for point in ("shift.hold", "shift.release", "shift.follow", "follow.relay", "follow.sync"):
        assert {moment for moment, at in people.killed if at == point} == {"before", "after", "acted"}, point


def test_killed_at_every_intent_of_a_rollback_after_the_handover(people: People) -> None:
    """The way back is as safe as the way there."""
    people.start()
    while people.bot.upgrade().step != "watch-100":
        people.second()
    people.kill = True
    people.restart()
    people.alive(lambda: people.bot.commands.run("rollback main", ANN))
    people.finish()
    assert people.bot.upgrade().status is Status.ROLLED_BACK
    people.settle_builds()
    assert_nothing_lost_or_doubled(people, "main-first")
    assert any(point.startswith("rollback.") for _, point in people.killed)


@pytest.mark.parametrize("step", ["watch-25", "watch-100"])
def test_a_rollback_works_when_green_is_dead(people: People, step: str) -> None:
    """The incident: green was killed. Users are back at once, and every build that it finished is in blue's history."""
    people.start()
    while people.bot.upgrade().step != step:
        people.second()
    people.bot.settle(3.0)
    green = people.world.green()
    assert green is not None
    finished = set(green.tickets())
    green.reachable = False
    green.stop()
    people.bot.commands.run("rollback main the site is down", ANN)
    people.bot.settle()
    assert people.world.router.read().weight == 0
    for _ in range(60):
        people.bot.settle(1.0)
    assert people.bot.upgrade().status is Status.ROLLED_BACK
    assert people.world.owners() == ["main-first"]
    assert finished <= set(people.world.instances["main-first"].tickets())
    ran = Counter((execution.job, execution.number) for execution in people.world.executions)
    assert max(ran.values()) == 1, "a build number was given out twice"
