"""A rollback does not wait for what is busy: a script on a hung green, a large build that is carried, a backup that is read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bot.errors import Interrupted, Temporary
from bot.model import GuardState, Instance, Side
from bot.ports import Stop
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.world import ANN, BOB, Bot, World, make_config
from tests.unit.leading import lead_to


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), make_config(tmp_path))


def test_sessions_are_back_while_the_step_still_waits_for_a_hung_green(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of them were there. The handover's thread hangs in a script for minutes, and nobody waits for it."""
    lead_to(bot, "gate-handover")
    assert bot.world.router.read().weight == 50
    guard, weights = FakeJenkins.guard, []

    def hanging(jenkins: FakeJenkins) -> GuardState:
        if jenkins is not bot.world.green() or bot.upgrade().step != "handover":
            return guard(jenkins)
        bot.commands.run("rollback main it hangs", ANN)
        bot.scheduler.fire_due()
        weights.append(bot.world.router.read().weight)
        raise Temporary("green gave no answer for 120 s")

    monkeypatch.setattr(FakeJenkins, "guard", hanging)
    bot.commands.run("approve main", BOB)
    bot.settle(60.0)
    assert weights == [0]
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert bot.world.owners() == ["main-first"]


def test_a_step_that_is_about_to_send_sessions_is_overtaken(tmp_path: Path) -> None:
    """It had been approved and had begun; the rollback came before the router was told, and green gets nobody."""
    asked: list[str] = []

    def roll_back(moment: str, point: str) -> None:
        if (moment, point) == ("after", "shift.weight") and not asked:
            asked.append(overtaken.commands.run("rollback main", ANN).text)
            overtaken.scheduler.fire_due()

    overtaken = Bot(World(tmp_path), make_config(tmp_path), roll_back)
    lead_to(overtaken, "gate-10")
    overtaken.commands.run("approve main", BOB)
    overtaken.settle(60.0)
    assert asked
    assert overtaken.upgrade().status is Status.ROLLED_BACK
    assert {state.weight for state in overtaken.world.router.history} == {0}


@pytest.mark.parametrize(
    "told",
    [
        lambda bot: bot.commands.run("rollback main", ANN),
        lambda bot: (bot.commands.run("approve main", BOB), bot.workers.run()),
        lambda bot: bot.engine.close(),
    ],
    ids=["rollback", "step", "shutdown"],
)
def test_a_large_build_that_is_carried_stops_at_the_next_chunk(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, told: Callable[[Bot], Any]
) -> None:
    """The tick lets go of the ownership that the way back, or the next step, needs; the build is carried again later."""
    lead_to(bot, "gate-25")
    write_home = bot.world.environment.write_home
    read: list[int] = []

    def slowly(instance: Instance, chunks: Iterable[bytes]) -> None:
        if not read:
            read.append(0)
            for number, _ in enumerate(chunks):
                read.append(number)
                told(bot)
            pytest.fail("it was carried to its end")
        write_home(instance, chunks)

    chunked = bot.world.environment.read_home
    monkeypatch.setattr(
        bot.world.environment, "read_home", lambda *wanted: (*chunked(*wanted), b"", b"", b"")
    )
    monkeypatch.setattr(bot.world.environment, "write_home", slowly)
    bot.world.trigger("app", "blue")
    bot.settle(30.0)
    assert read == [0, 0], "one chunk was taken, and then it was told to stop"


def test_a_backup_that_is_read_back_stops_when_told(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    verify, stopped = bot.world.backups.verify, []

    def slowly(id: str, stop: Stop | None = None) -> Any:
        assert stop is not None
        bot.commands.run("abort main", ANN)
        try:
            stop.check()
        except Interrupted:
            stopped.append(id)
            raise
        return verify(id)

    monkeypatch.setattr(bot.world.backups, "verify", slowly)
    bot.commands.run("start main 2.516.3", ANN)
    bot.settle(30.0)
    assert stopped == [bot.upgrade().id]
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert bot.world.router.read().owner is Side.BLUE
