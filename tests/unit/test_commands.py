"""Commands and clicks: who may, what is refused and with which advice, and that a refusal changes nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.commands import Actor
from bot.errors import Permanent, Temporary
from bot.model import Core
from bot.upgrade import Gate, Status, StepState
from tests.fakes.world import ANN, BOB, Bot, World, make_config

CY = Actor("U0CY", "cy", "C0CIOPS")


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), make_config(tmp_path))


def at_a_gate(bot: Bot, step: str = "gate-10") -> Gate:
    """Start an upgrade and go on, approving, until this gate is open."""
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(400):
        bot.settle(1.0)
        gate = bot.store.newest_gate(bot.upgrade().id, bot.upgrade().step)
        if gate is not None and gate.outcome is None:
            if gate.step == step:
                return gate
            click(bot, "approve", gate, BOB)
    raise AssertionError(f"{step} was never opened")


def click(bot: Bot, action: str, gate: Gate, actor: Actor) -> str:
    return bot.click(action, gate, actor)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("start nope 2.516.3", "no controller"),
        ("start mian 2.516.3", "`main`"),
        ("start main 2.400.1", "not older"),
        ("start main 2.426.2", "not older"),
        ("start main latest", "not a Jenkins version"),
        ("start main 2.x", "not a Jenkins version"),
        ("start main", "Which version"),
        ("strat main 2.516.3", "`start`"),
        ("frobnicate", "help"),
        ("rollback main", "No upgrade of main"),
        ("resume main", "No upgrade of main"),
        ("approve main", "No upgrade of main"),
        ("plan nope 2.516.3", "no controller"),
        ("history nope", "no controller"),
    ],
)
def test_bad_input_is_refused_with_advice_and_changes_nothing(bot: Bot, text: str, advice: str) -> None:
    notice = bot.commands.run(text, ANN)
    assert advice in notice.text
    assert bot.store.history(None, 10) == ()
    assert len(bot.world.router.history) == 1


@pytest.mark.parametrize("text", ["start main 2.516.3", "start main 2.516.3 --at 02:00"])
def test_an_upgrade_that_nobody_could_see_is_not_started(bot: Bot, text: str) -> None:
    """Slack takes commands also in channels that the bot was not invited to; looking needs no channel."""
    bot.world.without_the_bot.add(ANN.channel)
    notice = bot.commands.run(text, ANN)
    assert f"<#{ANN.channel}>" in notice.text
    assert "Invite me" in notice.text
    assert bot.store.history(None, 10) == ()
    assert bot.store.open_starts() == ()
    assert "Invite me" not in bot.commands.run("start main 2.516.3 --dry-run", ANN).text


def test_a_second_upgrade_of_the_same_controller_is_refused_by_name(bot: Bot) -> None:
    bot.commands.run("start main 2.516.3", ANN)
    assert bot.upgrade().id in bot.commands.run("start main 2.516.3", ANN).text
    assert len(bot.store.history("main", 10)) == 1


def test_a_stranger_may_not_start(bot: Bot) -> None:
    """The refusal names who may."""
    assert f"<@{ANN.id}>" in bot.commands.run("start main 2.516.3", CY).text
    assert bot.store.history(None, 10) == ()


def test_a_controller_that_does_not_answer_is_not_touched(bot: Bot) -> None:
    bot.world.instances["main-first"].reachable = False
    assert "does not answer" in bot.commands.run("start main 2.516.3", ANN).text
    assert bot.store.history(None, 10) == ()


def test_a_target_that_is_not_there_is_refused(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_version: str, _like: object) -> Core:
        raise Permanent("there is no war of 2.999.1")

    monkeypatch.setattr(bot.world.environment, "core", missing)
    assert "no war" in bot.commands.run("start main 2.999.1", ANN).text
    assert bot.store.history(None, 10) == ()


def test_only_an_approver_may_approve(bot: Bot) -> None:
    gate = at_a_gate(bot)
    assert f"<@{BOB.id}>" in click(bot, "approve", gate, ANN)
    assert bot.upgrade().status is Status.WAITING
    assert bot.world.router.read().weight == 0


def test_the_requester_may_be_kept_from_approving(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    slack = config.slack.model_copy(update={"approvers": (ANN.id, BOB.id), "requester_may_approve": False})
    bot = Bot(World(tmp_path), config.model_copy(update={"slack": slack}))
    gate = at_a_gate(bot)
    assert "somebody else" in click(bot, "approve", gate, ANN)
    assert click(bot, "approve", gate, BOB) == ""


def test_a_second_click_is_told_who_was_first(bot: Bot) -> None:
    """Slack delivers clicks twice; a decision is taken once."""
    gate = at_a_gate(bot)
    click(bot, "approve", gate, BOB)
    answer = click(bot, "approve", gate, BOB)
    assert "already approved" in answer
    assert f"<@{BOB.id}>" in answer


def test_a_click_on_an_older_card_changes_nothing(bot: Bot) -> None:
    old = at_a_gate(bot, "gate-25")
    click(bot, "hold", old, BOB)
    bot.commands.run("resume main", ANN)
    bot.settle()
    assert "already held" in click(bot, "approve", old, BOB)
    assert bot.upgrade().step == "gate-25"


@pytest.mark.parametrize(
    "value", ["", "{}", "[]", "nonsense", '{"upgrade": "u000000"}', '{"upgrade": "u000000", "gate": "x"}']
)
def test_a_button_that_is_not_understood_is_answered_politely(bot: Bot, value: str) -> None:
    notice = bot.commands.click("approve", value, BOB)
    assert notice is not None
    assert notice.tone == "warning"


def test_an_approval_on_figures_that_became_worse_is_not_taken(bot: Bot) -> None:
    """What was measured just before the click counts; the card is drawn anew and asks again."""
    gate = at_a_gate(bot, "gate-25")
    ((at, sample),) = bot.store.newest_samples(gate.upgrade, 1)
    silent = {"probes": [], "paths": [], "failed_probes": 30}
    broken = {**sample, "sides": {**sample["sides"], "green": {**sample["sides"]["green"], **silent}}}
    bot.store.add_sample(gate.upgrade, at, broken)
    assert "became worse" in click(bot, "approve", gate, BOB)
    bot.settle()
    newest = bot.store.newest_gate(gate.upgrade, "gate-25")
    assert newest is not None
    assert newest.id != gate.id
    assert newest.outcome is None
    assert bot.world.router.read().weight == 10


def test_a_failed_comparison_needs_a_written_reason(bot: Bot) -> None:
    gate = at_a_gate(bot, "gate-25")
    bot.store.decide(dataclasses.replace(gate, outcome="superseded"), bot.upgrade())
    failing = dataclasses.replace(gate, id="failing", verdict="fail")
    bot.store.open_gate(failing, dataclasses.replace(bot.upgrade(), status=Status.WAITING))
    assert "written reason" in click(bot, "approve", failing, BOB)
    bot.commands.run("approve main we know about the slow disk", BOB)
    decided = bot.store.gate("failing")
    assert decided is not None
    assert (decided.outcome, decided.reason) == ("approved", "we know about the slow disk")


def test_a_gate_that_nobody_decides_holds_the_upgrade(tmp_path: Path) -> None:
    bot = Bot(World(tmp_path), make_config(tmp_path, gate_expiry_seconds=60, gate_reminder_seconds=30))
    gate = at_a_gate(bot)
    bot.settle(65)
    assert bot.upgrade().status is Status.HELD
    assert "already expired" in click(bot, "approve", gate, BOB)


def test_a_held_upgrade_goes_on_where_it_was(bot: Bot) -> None:
    bot.commands.run("start main 2.516.3", ANN)
    assert "held" in bot.commands.run("pause main lunch", ANN).text
    step = bot.upgrade().step
    bot.settle(30)
    assert bot.upgrade().step == step
    bot.commands.run("resume main", ANN)
    bot.settle(5)
    assert bot.upgrade().step != step


def test_rolling_back_twice_is_refused_the_second_time(bot: Bot) -> None:
    at_a_gate(bot)
    bot.commands.run("rollback main", ANN)
    assert "already" in bot.commands.run("rollback main", ANN).text


def test_plan_lists_findings_and_changes_nothing(bot: Bot) -> None:
    notice = bot.commands.run("plan main 2.516.3", CY)
    assert "ready to start" in notice.text
    assert any("Router" in line for part in notice.parts for line in part.lines)
    assert bot.store.history(None, 10) == ()


def test_a_preflight_blocker_ends_the_upgrade_with_blue_untouched(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.world.backups, "free_bytes", lambda: 0)
    bot.commands.run("start main 2.516.3", ANN)
    bot.settle(5)
    upgrade = bot.upgrade()
    assert upgrade.status is Status.FAILED
    assert upgrade.hold is not None
    assert "space" in upgrade.hold.text
    assert len(bot.world.instances) == 1


def test_a_temporary_failure_is_tried_again_and_then_held(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A human sees the reason, and blue is as it was."""

    def fails(*_: object) -> None:
        raise Temporary("the disk is slow today")

    monkeypatch.setattr(bot.world.backups, "verify", fails)
    bot.commands.run("start main 2.516.3", ANN)
    bot.settle(120)
    upgrade = bot.upgrade()
    assert upgrade.status is Status.HELD
    assert upgrade.records["backup"].attempt == 6
    assert upgrade.hold is not None
    assert "slow today" in upgrade.hold.text
    assert len(bot.world.owners()) == 1


def test_after_a_resume_a_failure_is_tried_again_as_often_as_before(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blip after a long outage does not hold the upgrade at once."""
    failures = ["outage"] * 6 + ["blip"]
    verify = bot.world.backups.verify

    def fails(*arguments: object) -> object:
        if failures:
            raise Temporary(failures.pop(0))
        return verify(*arguments)  # type: ignore[arg-type]  # passed through as they are

    monkeypatch.setattr(bot.world.backups, "verify", fails)
    bot.commands.run("start main 2.516.3", ANN)
    bot.settle(120)
    assert bot.upgrade().status is Status.HELD
    bot.commands.run("resume main", ANN)
    bot.settle(20)
    assert failures == []
    assert bot.upgrade().records["backup"].state is StepState.DONE


def test_help_and_status_answer_everybody(bot: Bot) -> None:
    assert any("rollback" in line for line in bot.commands.run("help", CY).lines)
    assert "rollback" in bot.commands.run("help rollback", CY).text
    assert any("main" in line for line in bot.commands.run("status", CY).lines)
    assert bot.commands.run("", CY).lines == bot.commands.run("help", CY).lines


def test_a_waiting_gate_is_mentioned_once_more_also_after_a_restart(tmp_path: Path) -> None:
    config = make_config(tmp_path, gate_expiry_seconds=600, gate_reminder_seconds=120)
    bot = Bot(World(tmp_path), config)
    gate = at_a_gate(bot)
    again = Bot(bot.world, config)
    again.settle(130)
    keys = [row.key for row in again.store.due(again.world.clock.now())]
    assert f"event-remind-{gate.id}" not in keys, "the thread's parent was not posted yet"
    while (row := again.store.due(again.world.clock.now())[0]).key != f"event-remind-{gate.id}":
        again.store.sent(row.id, row.generation, f"1.{row.id}")
    assert row.ts is None
    click(again, "approve", gate, BOB)
    keys = [row.key for row in again.store.due(again.world.clock.now())]
    assert f"event-remind-{gate.id}" not in keys, "a decided gate needs no reminder once Slack is back"


def test_a_reminder_that_was_due_while_the_bot_was_down_comes_at_its_start(tmp_path: Path) -> None:
    """Late, and once."""
    config = make_config(tmp_path, gate_expiry_seconds=600, gate_reminder_seconds=120)
    bot = Bot(World(tmp_path), config)
    gate = at_a_gate(bot)
    bot.shown()
    bot.world.clock.move(bot.world.clock.now() + 300)
    again = Bot(bot.world, config)
    reminder = f"event-remind-{gate.id}"
    told = []
    for _ in range(2):
        again.settle(5)
        again.engine.wake(gate.upgrade)
        told.append(any(row.key == reminder for row in again.store.due(again.world.clock.now())))
        again.shown()
    assert told == [True, False]


@pytest.mark.parametrize(("command", "name"), [("rollback main", "rollback"), ("hold main lunch", "held")])
def test_what_was_shown_is_in_the_journal_whatever_was_decided(bot: Bot, command: str, name: str) -> None:
    gate = at_a_gate(bot, "gate-25")
    bot.commands.run(command, ANN)
    (entry,) = [entry for entry in bot.store.journal(gate.upgrade) if entry.name == name]
    assert entry.detail is not None
    assert (entry.detail["gate"], entry.detail["evidence"]) == (gate.id, gate.evidence_hash)
    assert entry.detail["shown"] == gate.evidence
