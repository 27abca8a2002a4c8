"""Locks, aborting, and the commands that only look: who may, what is refused, and that going back is never locked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.commands import Actor
from bot.commands.help import ALIASES, COMMANDS
from bot.config import Config
from bot.context import CrashPoint
from bot.upgrade import Status, phase_of
from tests.fakes.world import ANN, BOB, Bot, Killed, World, make_config

CY = Actor("U0CY", "cy", "C0CIOPS")


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), quick(tmp_path))


def quick(directory: Path) -> Config:
    """Steps are watched for seconds: nothing here is about what is measured."""
    return make_config(directory, observe_seconds=4, soak_seconds=4)


def reach(bot: Bot, step: str) -> None:
    """Start an upgrade and go on, approving, until this step is reached."""
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(400):
        if bot.upgrade().step == step:
            return
        if bot.upgrade().status is Status.WAITING:
            bot.commands.run("approve main", BOB)
        bot.settle(1.0)
    raise AssertionError(f"{step} was never reached")


def test_a_locked_controller_is_not_upgraded_and_says_who_when_why_and_how_to_unlock(bot: Bot) -> None:
    assert bot.commands.run("lock main “release week”", ANN).public
    refusal = bot.commands.run("start main 2.516.3", BOB).text
    for part in ("release week", f"<@{ANN.id}>", "<!date^1800000010^", "/ci-upgrade unlock main"):
        assert part in refusal
    assert bot.store.history(None, 10) == ()


def test_the_first_lock_stays_and_unlocking_lets_upgrades_start(bot: Bot) -> None:
    """A second lock, and unlocking what is not locked, are refused."""
    bot.commands.run("lock main first", ANN)
    assert "first" in bot.commands.run("lock main second", BOB).text
    bot.commands.run("unlock main", BOB)
    assert "not locked" in bot.commands.run("unlock main", BOB).text
    bot.commands.run("start main 2.516.3", ANN)
    assert bot.upgrade().live


def test_who_locked_and_unlocked_is_in_the_journal(bot: Bot) -> None:
    """Under the controller, because a lock belongs to no upgrade; what was refused is no decision."""
    bot.commands.run("lock main why", ANN)
    assert "already" in bot.commands.run("lock main again", BOB).text
    bot.commands.run("unlock main", BOB)
    assert "not locked" in bot.commands.run("unlock main", ANN).text
    journal = bot.store.journal("controller:main")
    assert [(entry.name, entry.actor) for entry in journal] == [("lock", ANN.id), ("unlock", BOB.id)]


def test_a_stranger_may_neither_lock_nor_unlock(bot: Bot) -> None:
    """The refusals name who may."""
    assert f"<@{ANN.id}>" in bot.commands.run("lock main why", CY).text
    assert bot.store.lock_of("main") is None
    bot.commands.run("lock main why", ANN)
    assert f"<@{ANN.id}>" in bot.commands.run("unlock main", CY).text
    assert bot.store.lock_of("main") is not None


def test_a_lock_needs_a_reason(bot: Bot) -> None:
    assert "Why?" in bot.commands.run("lock main", ANN).text
    assert bot.store.lock_of("main") is None


def test_a_lock_survives_a_restart(bot: Bot, tmp_path: Path) -> None:
    bot.commands.run("lock main why", ANN)
    again = Bot(bot.world, quick(tmp_path))
    assert "why" in again.commands.run("start main 2.516.3", ANN).text


def test_a_lock_stops_neither_a_hold_nor_a_rollback(bot: Bot) -> None:
    """What goes on when it is locked can be stopped and undone."""
    reach(bot, "watch-10")
    bot.commands.run("lock main now", ANN)
    bot.commands.run("hold main", ANN)
    assert bot.upgrade().status is Status.HELD
    bot.commands.run("rollback main", ANN)
    bot.settle(60)
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert bot.world.owners() == ["main-first"]
    lock = bot.store.lock_of("main")
    assert lock is not None
    assert lock.reason == "now", "the lock that people put stays"


def test_an_upgrade_that_rolled_back_locks_its_controller(bot: Bot) -> None:
    """Until someone unlocks it; status says so too."""
    reach(bot, "gate-10")
    rolled_back = bot.upgrade().id
    bot.commands.run("rollback main", ANN)
    bot.settle(60)
    assert rolled_back in bot.commands.run("start main 2.516.3", ANN).text
    assert any("Locked" in line for line in bot.commands.run("status main", CY).lines)
    bot.commands.run("unlock main", ANN)
    bot.commands.run("start main 2.516.3", ANN)
    assert bot.upgrade().live


@pytest.mark.parametrize("step", ["gate-10", "watch-10", "gate-handover"])
def test_aborting_before_the_handover_goes_back_and_locks_nothing(bot: Bot, step: str) -> None:
    reach(bot, step)
    assert bot.commands.run("abort main wrong version", ANN).tone == "warning"
    bot.settle(60)
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert bot.store.lock_of("main") is None
    assert any(
        entry.name == "abort" and entry.actor == ANN.id for entry in bot.store.journal(bot.upgrade().id)
    )


@pytest.mark.parametrize("step", ["watch-handover", "gate-100", "soak"])
def test_aborting_after_the_handover_is_refused_with_what_to_use(bot: Bot, step: str) -> None:
    """Builds ran on green: that is a rollback."""
    reach(bot, step)
    assert "/ci-upgrade rollback main" in bot.commands.run("abort main", ANN).text
    assert bot.upgrade().status is not Status.ROLLING_BACK


def closed_now(directory: Path) -> Config:
    """main has a window, which is shut."""
    config = quick(directory)
    window = {"name": "xmas", "cron": "0 0 25 12 *", "minutes": 60}
    main = config.controllers["main"].model_validate(
        {**config.controllers["main"].model_dump(), "windows": [window]}
    )
    return config.model_copy(update={"controllers": {"main": main}})


def killed_in(step: str) -> CrashPoint:
    """The process ends just after it noted that it begins this step."""

    def die(moment: str, point: str) -> None:
        if moment == "after" and point == f"{phase_of(step).value}.{step}":
            raise Killed

    return die


@pytest.mark.parametrize(
    "step",
    [
        "preflight",
        "backup",
        "clone",
        "upgrade",
        "validate",
        "send-10",
        "watch-10",
        "handover",
        "soak",
        "drain",
    ],
)
def test_a_rollback_is_taken_while_locked_and_out_of_window_in_every_phase(tmp_path: Path, step: str) -> None:
    """Whatever closed after the upgrade was started; here the bot died in the phase and was started again."""
    world = World(tmp_path)
    with pytest.raises(Killed):
        reach(Bot(world, quick(tmp_path), killed_in(step)), "retire")
    bot = Bot(world, closed_now(tmp_path))
    assert bot.upgrade().step == step
    bot.commands.run("lock main closed", BOB)
    bot.commands.run("rollback main", ANN)
    bot.settle(60)
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert bot.world.owners() == ["main-first"]


@pytest.mark.parametrize("step", ["gate-10", "gate-handover", "gate-retire"])
def test_a_rollback_is_taken_at_a_gate_while_locked_and_out_of_window(tmp_path: Path, step: str) -> None:
    world = World(tmp_path)
    reach(Bot(world, quick(tmp_path)), step)
    bot = Bot(world, closed_now(tmp_path))
    bot.commands.run("lock main closed", BOB)
    bot.commands.run("rollback main", ANN)
    bot.settle(60)
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert bot.world.owners() == ["main-first"]


def test_every_command_is_explained_with_an_example_that_is_understood(bot: Bot) -> None:
    """No help for what is not there, none missing, and who may is named."""
    assert set(COMMANDS) | set(ALIASES) == set(bot.commands._table)
    for name, usage in COMMANDS.items():
        shown = bot.commands.run(f"help {name}", CY)
        assert f"/ci-upgrade {usage.example}" in shown.lines[0]
        assert "There is no command" not in bot.commands.run(usage.example, CY).text
    assert f"<@{ANN.id}>" in bot.commands.run("help start", CY).lines[1]
    assert bot.commands.run("help pause", CY) == bot.commands.run("help hold", CY)
    assert "`rollback`" in bot.commands.run("help rolback", CY).text


def test_controllers_and_backups_are_listed_to_everybody(bot: Bot) -> None:
    assert "main" in bot.commands.run("controllers", CY).lines[0]
    assert bot.commands.run("backups", CY).lines == ()
    reach(bot, "gate-10")
    (backup, _) = bot.commands.run("backups main", CY).lines
    assert bot.upgrade().id in backup
    assert "upgraded from 2.426.2" in bot.commands.run("controllers", CY).lines[0]
    assert bot.commands.run("status all", CY).lines == bot.commands.run("status", CY).lines


def test_the_forms_say_what_becomes_of_the_lock(bot: Bot) -> None:
    """Before anybody decides; after the handover there is no aborting."""
    reach(bot, "gate-10")
    (live,) = bot.commands.live_upgrades(ANN)
    assert "is locked" in live.on_rollback[-1]
    assert "is not locked" in live.on_abort[-1]
    reach(bot, "gate-100")
    (live,) = bot.commands.live_upgrades(ANN)
    assert "roll back instead" in live.on_abort[-1]
    bot.commands.run("rollback main", ANN)
    (live,) = bot.commands.live_upgrades(ANN)
    assert "nothing to abort" in live.on_abort[0]


def test_among_several_controllers_the_only_live_upgrade_need_not_be_named(tmp_path: Path) -> None:
    """But a word that is no controller is taken for a misspelt one, never for a reason to act on another."""
    config = quick(tmp_path)
    both = {"main": config.controllers["main"], "staging": config.controllers["main"]}
    bot = Bot(World(tmp_path), config.model_copy(update={"controllers": both}))
    reach(bot, "gate-10")
    assert "`staging`" in bot.commands.run("hold stagng", ANN).text
    assert bot.upgrade().status is Status.WAITING
    bot.commands.run("hold", ANN)
    assert bot.upgrade().status is Status.HELD
