"""When the router loses what it was told, or a part of it is down: it is put right, people are told, and nobody waits on the way back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NoReturn

import pytest

from bot.content import Entry
from bot.errors import Permanent, Temporary
from bot.model import RouterState, Side
from bot.upgrade import Status
from tests.fakes.world import ANN, BOB, Bot, World, make_config

DOWN = "the router on host-b does not answer"


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), make_config(tmp_path))


def run_to(bot: Bot, step: str) -> None:
    """Start an upgrade and approve until it is at that step."""
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(400):
        if bot.upgrade().step == step:
            return
        bot.settle(1.0)
        gate = bot.store.newest_gate(bot.upgrade().id, bot.upgrade().step)
        if gate is not None and gate.outcome is None and bot.upgrade().step != step:
            bot.commands.run("approve main", BOB)
    pytest.fail(f"never came to {step}: {bot.upgrade().step} {bot.upgrade().hold}")


def state_of(bot: Bot) -> RouterState:
    state = bot.world.router.state
    assert state is not None, "the router was told something"
    return state


def said(bot: Bot) -> str:
    """Every entry of the thread."""
    entries = [content for content in bot.shown().values() if isinstance(content, Entry)]
    return "\n".join("\n".join((entry.text, *entry.lines)) for entry in entries)


@pytest.mark.parametrize("step", ["gate-10", "watch-10", "watch-100", "gate-retire"])
def test_a_router_that_lost_its_state_gets_it_back(bot: Bot, step: str) -> None:
    """A restart without files, at any time: within one tick it is as before, and the thread tells."""
    run_to(bot, step)
    before = state_of(bot)
    bot.world.router.state = None
    bot.settle(3.0)
    assert bot.world.router.history[-1] == before
    assert "had lost its settings" in said(bot)


def test_a_change_by_hand_is_put_right(bot: Bot) -> None:
    """While an upgrade waits for people, nobody else decides where sessions go; the thread says what was found."""
    run_to(bot, "gate-25")
    before = state_of(bot)
    bot.world.router.state = dataclasses.replace(before, weight=90)
    bot.settle(3.0)
    assert bot.world.router.state == before
    assert "weight=90" in said(bot)


def test_a_held_upgrade_keeps_its_router(bot: Bot) -> None:
    """Held by a human after the handover: the owner's routes come back too."""
    run_to(bot, "watch-100")
    before = state_of(bot)
    bot.commands.run("pause main", ANN)
    bot.settle(1.0)
    assert bot.upgrade().status is Status.HELD
    bot.world.router.state = RouterState(bot.world.blue.url, None, 0, Side.BLUE)
    bot.settle(3.0)
    assert bot.world.router.state == before


def test_a_retirement_that_stands_still_is_not_undone(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Green has taken blue's place in the router already: nobody is led back to the old instance."""

    def refuse(_instance: object) -> NoReturn:
        raise Permanent("the old instance cannot be stopped")

    monkeypatch.setattr(bot.world.environment, "stop", refuse)
    run_to(bot, "gate-retire")
    bot.commands.run("approve main", BOB)
    bot.settle(20.0)
    assert bot.upgrade().status is Status.HELD
    green = bot.upgrade().green
    assert green is not None
    assert bot.world.router.state == RouterState(green.url, None, 0, Side.BLUE)


def test_a_part_that_is_down_stops_the_next_step_and_changes_nothing(bot: Bot) -> None:
    """The hold names it; when it answers again, the upgrade goes on from there."""
    run_to(bot, "gate-25")
    before = state_of(bot)
    bot.world.router.silent = DOWN
    bot.commands.run("approve main", BOB)
    bot.settle(60.0)
    hold = bot.upgrade().hold
    assert hold is not None
    assert DOWN in hold.text
    assert bot.world.router.state == before
    bot.world.router.silent = None
    bot.commands.run("resume main", ANN)
    bot.settle(1.0)
    assert bot.upgrade().step == "watch-25"
    assert state_of(bot).weight == 25


def test_people_are_told_when_a_part_goes_down_and_when_it_is_back(bot: Bot) -> None:
    """Even if nothing is to be changed just then."""
    run_to(bot, "watch-10")
    bot.world.router.silent = DOWN
    bot.settle(5.0)
    assert DOWN in said(bot)
    bot.world.router.silent = None
    bot.settle(5.0)
    assert "answers again" in said(bot)


@pytest.mark.parametrize("step", ["watch-25", "watch-100"])
def test_a_rollback_does_not_wait_for_a_part_that_is_down(bot: Bot, step: str) -> None:
    """Users of the rest are back at once and the rollback comes to its end; the part is named."""
    run_to(bot, step)
    bot.world.router.silent = DOWN
    bot.commands.run("rollback main", ANN)
    bot.settle()
    assert state_of(bot).weight == 0, "users are back at once"
    bot.settle(120.0)
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert bot.world.router.state == RouterState(bot.world.blue.url, None, 0, Side.BLUE)
    assert bot.world.owners() == ["main-first"]
    assert DOWN in said(bot)


def test_a_part_that_missed_the_way_back_is_mended_when_it_returns(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While builds of green still finish, it comes back with what it was told last; it is put right within a tick."""
    run_to(bot, "watch-100")

    def still_running(_ctx: object) -> NoReturn:
        raise Temporary("builds of green still run")

    monkeypatch.setattr("bot.phases.back.await_drained", still_running)
    bot.world.router.silent = DOWN
    bot.commands.run("rollback main", ANN)
    bot.settle(5.0)
    assert bot.world.router.behind
    bot.world.router.silent = None
    bot.settle(5.0)
    assert bot.upgrade().step == "back-drain"
    assert not bot.world.router.behind


def test_no_build_waits_for_a_router_that_is_down(bot: Bot) -> None:
    """The handover is not begun: blue never held its queue, and goes on as the owner."""
    run_to(bot, "gate-handover")
    bot.world.router.silent = DOWN
    bot.commands.run("approve main", BOB)
    for _ in range(600):
        if bot.upgrade().status is Status.HELD:
            break
        bot.settle(1.0)
    assert bot.upgrade().status is Status.HELD
    assert "hold" not in {entry.name for entry in bot.store.journal(bot.upgrade().id)}
    assert bot.world.owners() == ["main-first"]
