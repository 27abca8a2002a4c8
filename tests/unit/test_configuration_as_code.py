"""Configuration as code is applied at every boot: a follower stays without nodes and clouds all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.model import NodeSet
from bot.phases.preflight import plan_for
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.world import ANN, BOB, Bot, World, make_config

NONE = NodeSet({}, {}, 0)


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    world = World(tmp_path)
    blue = world.jenkins(world.blue)
    blue.files |= {"jenkins.yaml": b"jenkins: {}", "plugins/configuration-as-code.jpi": b"1700"}
    blue.stop()
    blue.start()
    assert blue.nodes().clouds
    bot = Bot(world, make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    return bot


def until(bot: Bot, step: str) -> None:
    """Approve everything before this step's gate."""
    for _ in range(400):
        upgrade = bot.upgrade()
        assert upgrade.status in (Status.RUNNING, Status.WAITING), upgrade.hold
        if upgrade.step == f"gate-{step}":
            return
        gate = bot.store.newest_gate(upgrade.id, upgrade.step)
        if gate is not None and gate.outcome is None:
            bot.commands.run("approve main", BOB)
        bot.settle(1.0)
    pytest.fail(f"not there: {bot.upgrade().step}")


def green_of(bot: Bot) -> FakeJenkins:
    green = bot.world.green()
    assert green is not None
    return green


def restart(bot: Bot, jenkins: FakeJenkins) -> None:
    bot.settle(2.0)
    jenkins.stop()
    jenkins.start()
    assert jenkins.nodes().clouds
    bot.settle(5.0)


def told(bot: Bot) -> bool:
    """Whether the thread says that something was taken away after a restart."""
    return "event-follow-withheld" in bot.shown()


def test_green_has_no_nodes_clouds_and_executors_before_the_handover(bot: Bot) -> None:
    """Nor after it was restarted meanwhile, which the thread tells."""
    until(bot, "10")
    assert green_of(bot).nodes() == NONE
    assert not told(bot)
    restart(bot, green_of(bot))
    assert green_of(bot).nodes() == NONE
    assert told(bot)


def test_an_old_owner_that_is_restarted_gives_them_back_again(bot: Bot) -> None:
    """The new owner has them all; the old one keeps executors for what may still run on it."""
    until(bot, "100")
    assert green_of(bot).nodes().clouds
    assert not told(bot)
    blue = bot.world.jenkins(bot.world.blue)
    restart(bot, blue)
    assert told(bot)
    assert (blue.nodes().nodes, blue.nodes().clouds, blue.nodes().executors) == ({}, {}, 4)
    assert green_of(bot).nodes().clouds


def test_clouds_that_come_back_before_validation_are_a_blocker(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would end the owner's agents as orphans."""
    monkeypatch.setattr(FakeJenkins, "withdraw_nodes", lambda _self: ())
    for _ in range(60):
        bot.settle(1.0)
    upgrade = bot.upgrade()
    assert upgrade.hold is not None
    assert "k8s" in upgrade.hold.text


def test_preflight_says_what_is_done_about_it(bot: Bot) -> None:
    """Before anything is begun."""
    services = bot.contexts.services("main")
    plan = plan_for(services, bot.world.blue, "2.516.3", bot.store, bot.world.clock.now())
    (found,) = [one for one in plan.warnings if one.name == "Configuration as code"]
    assert "until the handover" in found.text
