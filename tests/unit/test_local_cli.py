"""Commands on the bot's machine, from the shell to the bot that acts: what they show, what they ask, what they refuse."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sqlite_store import SqliteStore
from bot.commands import Actor
from bot.config import Config
from bot.store import Entry
from bot.upgrade import Status
from handlers.views import render
from tests.fakes.world import BOB, Bot, World, make_config
from tests.unit.local_rig import ME, CommandLine, at_a_gate, listening


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_config(tmp_path)


@pytest.fixture
def shell(config: Config) -> CommandLine:
    return CommandLine(config)


@pytest.fixture
def bot(tmp_path: Path, config: Config) -> Iterator[Bot]:
    with listening(bot := Bot(World(tmp_path), config), tmp_path):
        yield bot


def shown(bot: Bot, key: str) -> str:
    """What Slack gets under this key."""
    content = bot.shown()[key]
    rendered = render(content)
    return f"{rendered.text} {rendered.blocks}"


# ---- while no bot runs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["approve", "hold", "resume", "rollback"])
def test_without_a_bot_nothing_is_done_and_the_exit_code_says_so(
    shell: CommandLine, tmp_path: Path, command: str
) -> None:
    """The store belongs to the bot: nobody else acts on it."""
    before = sorted(tmp_path.iterdir())
    done = shell.run(command, "main")
    assert done.exit_code == 3
    assert "No bot runs" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_without_a_bot_status_shows_what_the_last_one_left(
    tmp_path: Path, config: Config, shell: CommandLine
) -> None:
    """And says that it is not alive."""
    bot = Bot(World(tmp_path), config)
    gate = at_a_gate(bot)
    entry = Entry(gate.upgrade, gate.opened_at, "event", gate.step, 1, "kept")
    SqliteStore(tmp_path / "ci-upgrade.db").create(bot.upgrade(), entry)
    for words in ([], ["main"], [gate.upgrade]):
        done = shell.run("status", *words)
        assert done.exit_code == 0
        assert "No bot runs" in done.stderr
        assert gate.upgrade in done.stdout
    assert gate.upgrade not in shell.run("status", "mian").stdout


# ---- looking -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_id", [False, True])
def test_status_is_told_by_the_bot_that_runs(bot: Bot, shell: CommandLine, by_id: bool) -> None:
    """By controller, by id, or all."""
    at_a_gate(bot)
    done = shell.run("status", bot.upgrade().id if by_id else "main")
    assert done.exit_code == 0
    assert done.stderr == ""
    assert "Waiting for approval" in done.stdout
    assert shell.run("status").stdout == done.stdout


@pytest.mark.parametrize("command", ["status", "approve", "hold", "resume", "rollback"])
def test_what_is_not_known_is_refused(bot: Bot, shell: CommandLine, command: str) -> None:
    """With the name that was meant."""
    at_a_gate(bot)
    done = shell.run(command, "mian")
    assert "`main`" in str(done.exception)
    assert bot.upgrade().status is Status.WAITING


def test_what_others_typed_cannot_steer_the_terminal(bot: Bot, shell: CommandLine) -> None:
    """A reason for a hold, say, comes from Slack as it is."""
    at_a_gate(bot)
    bot.commands.hold(bot.upgrade().id, "slow\x1b[2Jnews\nmain: fine", BOB)
    told = shell.run("status").stdout
    assert "slow" in told
    assert "\x1b" not in told
    assert not any(line.startswith("main: fine") for line in told.splitlines())


# ---- approving -----------------------------------------------------------------------------------------------


def test_approve_shows_the_question_with_its_figures_and_asks(bot: Bot, shell: CommandLine) -> None:
    """No is the answer that Enter gives, and changes nothing."""
    gate = at_a_gate(bot, "gate-25")
    done = shell.run("approve", answer="\n")
    assert done.exit_code == 1
    for text in ("Send 25% of sessions to green?", "Verdict", "Response p95", gate.evidence_hash, "[y/N]"):
        assert text in done.stdout
    assert bot.upgrade().status is Status.WAITING


def test_what_is_approved_on_the_command_line_is_journalled_and_shown_as_such(
    bot: Bot, shell: CommandLine
) -> None:
    """Under the account; there is nobody in Slack to mention."""
    gate = at_a_gate(bot)
    done = shell.run("approve", "main", "--reason", "Slack is down", answer="y\n")
    assert done.exit_code == 0, done.output
    decided = bot.store.gate(gate.id)
    assert decided is not None
    assert (decided.outcome, decided.decided_by, decided.reason) == ("approved", ME, "Slack is down")
    assert [entry.actor for entry in bot.store.journal(gate.upgrade) if entry.name == "approved"] == [ME]
    card = shown(bot, gate.id)
    assert f"Approved* by {ME} on the command line" in card
    assert f"@{ME}" not in card


def test_programs_name_the_evidence_that_they_approve(bot: Bot, shell: CommandLine) -> None:
    """As the button does: other figures are not approved."""
    gate = at_a_gate(bot)
    assert shell.run("approve", "main", "--yes").exit_code == 2
    stale = shell.run("approve", "main", "--yes", "--evidence", "0123456789ab")
    assert "nothing was approved" in str(stale.exception)
    assert bot.upgrade().status is Status.WAITING
    done = shell.run("approve", "main", "--yes", "--evidence", gate.evidence_hash)
    assert done.stdout.startswith("Approved: Send 10% of sessions to green")
    again = shell.run("approve", "main", "--yes", "--evidence", gate.evidence_hash)
    assert "waits for no approval" in str(again.exception)


def test_a_failed_comparison_needs_a_reason_here_too(bot: Bot, shell: CommandLine) -> None:
    """Told before the question is asked."""
    gate = at_a_gate(bot)
    bot.store.decide(dataclasses.replace(gate, outcome="superseded"), bot.upgrade())
    bot.store.open_gate(dataclasses.replace(gate, id="failing", verdict="fail"), bot.upgrade())
    done = shell.run("approve", "main", answer="y\n")
    assert "--reason" in str(done.exception)
    assert bot.upgrade().status is Status.WAITING
    assert shell.run("approve", "main", "--reason", "known and harmless", answer="y\n").exit_code == 0


def test_approvals_here_can_be_switched_off(tmp_path: Path, config: Config, shell: CommandLine) -> None:
    """Holding and rolling back cannot."""
    slack = config.slack.model_copy(update={"cli_approvals": False})
    bot = Bot(World(tmp_path), config.model_copy(update={"slack": slack}))
    with listening(bot, tmp_path):
        gate = at_a_gate(bot)
        for words in ([], ["--yes", "--evidence", gate.evidence_hash]):
            assert "cli_approvals" in str(shell.run("approve", "main", *words, answer="y\n").exception)
        assert bot.upgrade().status is Status.WAITING
        assert shell.run("hold", "main").exit_code == 0
        assert shell.run("rollback", "main").exit_code == 0
    assert bot.upgrade().status is Status.ROLLING_BACK


# ---- changing the course -------------------------------------------------------------------------------------


def test_hold_resume_and_rollback_say_in_the_thread_who_asked_where(bot: Bot, shell: CommandLine) -> None:
    """The words of a reason stay as they were typed, whatever they begin with."""
    id = at_a_gate(bot).upgrade
    assert shell.run("hold", "--reason", "main   is slow").exit_code == 0
    hold = bot.upgrade().hold
    assert hold is not None
    assert (hold.by, hold.text) == (ME, "main   is slow")
    assert f"Held by {ME} on the command line" in shown(bot, f"event-held-{hold.at:.0f}")
    assert shell.run("resume", id).exit_code == 0
    assert bot.upgrade().status is Status.RUNNING
    assert shell.run("rollback", id, "--reason", "enough").exit_code == 0
    assert bot.upgrade().status is Status.ROLLING_BACK
    rollback = shown(bot, "event-rollback")
    assert f"Rollback asked by {ME} on the command line" in rollback
    assert "enough" in rollback
    assert [
        entry.actor for entry in bot.store.journal(id) if entry.name in ("held", "resume", "rollback")
    ] == [ME] * 3


def test_an_id_of_no_live_upgrade_is_not_taken_for_the_one_that_runs(bot: Bot, shell: CommandLine) -> None:
    """Nor for a word of a reason, as it would be in Slack, where one controller need not be named."""
    at_a_gate(bot)
    assert "no controller `u000000`" in str(shell.run("rollback", "u000000").exception)
    assert bot.upgrade().status is Status.WAITING


def test_who_started_an_upgrade_on_the_command_line_may_be_kept_from_approving_it_there(
    tmp_path: Path, config: Config, shell: CommandLine
) -> None:
    """The same account is the same person; that it is somebody's account in Slack nobody can know."""
    slack = config.slack.model_copy(update={"requester_may_approve": False})
    bot = Bot(World(tmp_path), config.model_copy(update={"slack": slack}))
    bot.commands.run("start main 2.516.3", Actor(ME, "me", "C0CIOPS"))
    assert f"Asked by {ME} on the command line" in shown(bot, "dashboard")
    with listening(bot, tmp_path):
        at_a_gate(bot)
        assert "somebody else" in str(shell.run("approve", "main", answer="y\n").exception)
    assert bot.upgrade().status is Status.WAITING
