"""What need not be said: the upgrade in whose thread one writes, the only question, the newest upgrade."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.commands import Actor, StartRequest
from bot.content import Entry, Notice
from bot.upgrade import Status
from handlers.views import render
from tests.fakes.world import ANN, BOB, Bot, World, make_config
from tests.handlers.block_rules import faults
from tests.unit.test_commands import at_a_gate

REQUEST = StartRequest("main", "2.516.3")


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), make_config(tmp_path))


# ---- threads -------------------------------------------------------------------------------------------------


def shown(bot: Bot, ts: str) -> None:
    """The outbox has posted the dashboard."""
    row = next(row for row in bot.store.due(0.0) if row.key == "dashboard")
    bot.store.sent(row.id, row.generation, ts)


@pytest.mark.parametrize("text", ["rollback", "rollback main"])
def test_in_its_thread_an_upgrade_need_not_be_named(bot: Bot, text: str) -> None:
    """It may be; the reason is the rest of the words."""
    at_a_gate(bot)
    shown(bot, "100.1")
    asker = dataclasses.replace(ANN, thread="100.1")
    assert "Rolling main back" in bot.commands.run(f"{text} too slow", asker).text
    decided = next(entry for entry in bot.store.journal(bot.upgrade().id) if entry.name == "rollback")
    assert decided.detail is not None
    assert decided.detail["reason"] == "too slow"


@pytest.fixture
def two(tmp_path: Path) -> Bot:
    """``main`` with a second controller, ``docs``."""
    config = make_config(tmp_path)
    config = config.model_copy(
        update={"controllers": {**config.controllers, "docs": config.controllers["main"]}}
    )
    return Bot(World(tmp_path), config, others={"docs": World(tmp_path / "docs")})


def in_the_thread_of(bot: Bot, actor: Actor) -> Actor:
    """As somebody who writes below the upgrade of ``main``."""
    shown(bot, "100.1")
    return dataclasses.replace(actor, thread="100.1")


@pytest.mark.parametrize(
    "text", ["rollback docs", "abort docs", "hold docs", "approve docs", "rollback dosc"]
)
def test_who_names_another_controller_in_a_thread_means_that_one(two: Bot, text: str) -> None:
    """Also misspelt: nothing happens to the thread's own upgrade."""
    at_a_gate(two)
    asker = in_the_thread_of(two, BOB)
    assert "docs" in two.commands.run(text, asker).text
    assert two.upgrade().status is Status.WAITING
    assert "Rolling main back" in two.commands.run("rollback logins are slow", asker).text


def test_everything_can_be_asked_for_in_a_thread(two: Bot) -> None:
    at_a_gate(two)
    asker = in_the_thread_of(two, ANN)
    assert len(two.commands.run("status all", asker).lines) == 2
    assert len(two.commands.run("status", asker).lines) == 1


@pytest.mark.parametrize(
    "text", ["rollback", "abort too late", "hold", "resume", "approve", "break-glass because I say so"]
)
def test_words_below_an_ended_upgrade_do_not_reach_the_next_one(bot: Bot, text: str) -> None:
    """They are refused with how to name the one that runs now; looking is not."""
    at_a_gate(bot)
    asker, first = in_the_thread_of(bot, BOB), bot.upgrade().id
    bot.commands.rollback(first, "", ANN)
    bot.settle(60.0)
    bot.commands.run("unlock main", ANN)
    at_a_gate(bot)
    answer = bot.commands.run(text, asker).text
    assert first in answer
    assert "nothing was changed" in answer
    assert bot.upgrade().status is Status.WAITING
    assert "Rolling main back" in bot.commands.run("rollback main", asker).text


def test_an_approval_that_was_written_before_the_question_is_not_taken(bot: Bot) -> None:
    """Slack delivers mentions again, minutes later."""
    gate = at_a_gate(bot, "gate-25")
    late = dataclasses.replace(BOB, asked_at=gate.opened_at - 1)
    assert "before the question" in bot.commands.run("approve main", late).text
    assert bot.upgrade().step == "gate-25"
    in_time = dataclasses.replace(BOB, asked_at=gate.opened_at + 1)
    assert bot.commands.run("approve main", in_time).text == "Approved."


def test_a_hold_outlasts_what_was_written_before_it(bot: Bot) -> None:
    """A mention that is delivered once more must not resume what somebody has held meanwhile."""
    at_a_gate(bot)
    late = dataclasses.replace(BOB, asked_at=bot.world.clock.now() - 60)
    bot.commands.run("hold main disk is full", ANN)
    assert "disk is full" in bot.commands.run("resume main", late).text
    assert bot.upgrade().status is Status.HELD
    assert "goes on" in bot.commands.run("resume main", BOB).text


def test_the_thread_of_an_ended_upgrade_names_that_one(bot: Bot) -> None:
    """A shortcut there must not offer another upgrade that happens to run."""
    at_a_gate(bot)
    first = bot.upgrade().id
    shown(bot, "100.1")
    bot.commands.rollback(first, "", ANN)
    bot.settle(60.0)
    bot.commands.run("unlock main", ANN)
    bot.commands.start(REQUEST, ANN)
    (live,) = bot.commands.live_upgrades(dataclasses.replace(ANN, thread="100.1"))
    assert live.id == first
    assert "nothing to roll back" in live.on_rollback[0]
    (other,) = bot.commands.live_upgrades(dataclasses.replace(ANN, thread="999.9"))
    assert other.id == bot.upgrade().id


def test_a_thread_of_no_upgrade_names_none(bot: Bot) -> None:
    """The bot has other messages as well; below them the live ones are offered."""
    at_a_gate(bot)
    bot.store.put("release-main-2.516.3", "dashboard", "C0CIOPS", Entry("news"))
    row = next(row for row in bot.store.due(0.0) if row.content == Entry("news"))
    bot.store.sent(row.id, row.generation, "200.1")
    asker = dataclasses.replace(ANN, thread="200.1")
    assert [live.id for live in bot.commands.live_upgrades(asker)] == [bot.upgrade().id]
    assert "Rolling main back" in bot.commands.run("rollback main", asker).text


# ---- without arguments ---------------------------------------------------------------------------------------


def test_a_form_decides_about_the_question_it_showed(bot: Bot) -> None:
    """It says what the card says; another question than that is not decided."""
    gate = at_a_gate(bot)
    (open_gate,) = bot.commands.open_gates(BOB)
    assert open_gate.title == "main: Send 10% of sessions to green?"
    assert "Verdict: " in " ".join(open_gate.lines)
    assert bot.commands.override(open_gate.card, "", ANN).tone == "warning"
    assert bot.commands.override(open_gate.card, "", BOB).text == "Approved."
    assert "already approved" in bot.commands.override(open_gate.card, "", BOB).text
    assert bot.commands.open_gates(BOB) == ()
    assert bot.store.gate(gate.id) != gate


def test_the_only_question_that_is_open_need_not_be_named(two: Bot) -> None:
    """Though another upgrade lives."""
    at_a_gate(two)
    two.commands.run("start docs 2.516.3", ANN)
    assert two.commands.run("approve", BOB).text == "Approved."


def test_a_report_without_a_name_is_that_of_the_newest_or_of_the_thread(two: Bot) -> None:
    assert "no upgrade yet" in two.commands.run("report", ANN).text
    at_a_gate(two)
    asker, first = in_the_thread_of(two, ANN), two.upgrade().id
    two.commands.run("start docs 2.516.3", ANN)
    newest = two.store.live_for("docs")
    assert newest is not None
    assert f"`{newest.id}`" in " ".join(told(two.commands.run("report", ANN)))
    assert f"`{first}`" in " ".join(told(two.commands.run("report", asker)))
    assert f"`{first}`" in " ".join(told(two.commands.run("report main", ANN)))


def told(notice: Notice) -> tuple[str, ...]:
    return notice.text, *notice.lines


def test_the_only_scheduled_start_need_not_be_named(two: Bot) -> None:
    """Of several each is named with what cancels it."""
    assert "No upgrade is scheduled" in two.commands.run("schedule cancel", ANN).text
    two.commands.run("start main 2.516.3 --at 02:00", ANN)
    two.commands.run("start docs 2.516.3 --at 02:00", ANN)
    ids = [start.id for start in two.store.open_starts()]
    assert all(f"`schedule cancel {id}`" in two.commands.run("schedule cancel", ANN).text for id in ids)
    two.commands.run(f"schedule cancel {ids[0]}", ANN)
    assert "is cancelled" in two.commands.run("schedule cancel", ANN).text
    assert two.store.open_starts() == ()


def test_the_status_of_thirty_controllers_fits_with_the_live_ones_first(tmp_path: Path) -> None:
    """Whatever their names are."""
    config = make_config(tmp_path)
    names = ("main", *(f"ci-{number:02}" for number in range(29)))
    controllers = dict.fromkeys(names, config.controllers["main"])
    bot = Bot(World(tmp_path), config.model_copy(update={"controllers": controllers}))
    at_a_gate(bot)
    notice = bot.commands.run("status", ANN)
    assert notice.lines[0].startswith("*main* 2.426.2 → 2.516.3")
    message = render(notice)
    assert faults(message.text, message.blocks) == []
    assert all(f"*{name}*" in str(message.blocks) for name in names)
