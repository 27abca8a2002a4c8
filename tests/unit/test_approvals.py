"""Approvals by several people and groups: who counts, what their clicks rest on, and how the rules are gone over."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from bot.approvals import approval_faults, require_deciders
from bot.commands import Actor
from bot.content import Dashboard, Entry, GateCard
from bot.errors import ConfigurationError, Conflict, Temporary
from bot.messages import shown_on_card
from bot.settings.slack import SlackConfig
from bot.upgrade import Gate, Status, Vote
from tests.fakes.world import ANN, BOB, Bot, World, make_config

CY, DOT = Actor("U0CY", "cy", "C0CIOPS"), Actor("U0DOT", "dot", "C0CIOPS")
GROUP, CHANNEL = "S0SRE", "C0OPS"


def bot_with(directory: Path, policy: dict[str, Any] | None = None, **slack: Any) -> Bot:
    config = make_config(directory, **(policy or {}))
    changed = SlackConfig.model_validate(
        {"operators": (ANN.id, BOB.id), "requester_may_approve": True, **slack}
    )
    return Bot(World(directory), config.model_copy(update={"slack": changed}))


def first_gate(bot: Bot) -> Gate:
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(200):
        bot.settle(1.0)
        gate = bot.store.newest_gate(bot.upgrade().id, bot.upgrade().step)
        if gate is not None and gate.outcome is None:
            return gate
    raise AssertionError("no gate was opened")


def click(bot: Bot, action: str, gate: Gate, actor: Actor) -> str:
    return bot.click(action, gate, actor)


def of_card(bot: Bot, gate: Gate) -> str:
    """What the card's buttons bring back."""
    return json.dumps(shown_on_card(bot.store.get(gate.upgrade), gate))


def now(bot: Bot, gate: Gate) -> Gate:
    found = bot.store.gate(gate.id)
    assert found is not None
    return found


def card(bot: Bot, gate: Gate) -> GateCard:
    content = bot.shown()[gate.id]
    assert isinstance(content, GateCard)
    return content


def decisions(bot: Bot) -> list[tuple[str, str | None, dict[str, Any]]]:
    return [
        (entry.name, entry.actor, dict(entry.detail or {}))
        for entry in bot.store.journal(bot.upgrade().id)
        if entry.kind == "decision"
    ]


def test_two_of_three_must_approve(tmp_path: Path) -> None:
    """The first is shown with what is missing; the second decides; the journal has both with what they saw."""
    bot = bot_with(tmp_path, approvers=(BOB.id, CY.id, DOT.id), quorum=2)
    gate = first_gate(bot)
    assert "1 more must approve" in click(bot, "approve", gate, BOB)
    assert bot.upgrade().status is Status.WAITING
    assert (card(bot, gate).votes, card(bot, gate).quorum) == ((BOB.id,), 2)
    assert "already; 1 more must" in click(bot, "approve", gate, BOB)
    assert click(bot, "approve", gate, CY) == ""
    decided = now(bot, gate)
    assert (decided.outcome, decided.decided_by) == ("approved", CY.id)
    votes = [
        (name, actor, detail["evidence"]) for name, actor, detail in decisions(bot) if "evidence" in detail
    ]
    assert votes == [
        ("vote", BOB.id, gate.evidence_hash),
        ("approved", CY.id, gate.evidence_hash),
    ]
    assert decisions(bot)[-1][2]["shown"] == gate.evidence
    assert decisions(bot)[-1][2]["approved before by"] == [BOB.id]


def test_two_at_the_same_moment_both_count_or_are_told(tmp_path: Path) -> None:
    """A vote is written only on what its voter's click was checked against."""
    bot = bot_with(tmp_path, approvers=(BOB.id, CY.id, DOT.id), quorum=3)
    gate = first_gate(bot)
    bot.store.vote(gate, (Vote(BOB.id, 1.0),))
    with pytest.raises(Conflict):
        bot.store.vote(gate, (Vote(CY.id, 1.0),))
    click(bot, "approve", now(bot, gate), CY)
    assert [vote.by for vote in now(bot, gate).votes] == [BOB.id, CY.id]


def test_a_member_of_the_user_group_or_channel_may_approve(tmp_path: Path) -> None:
    """Others are told which group may."""
    bot = bot_with(tmp_path, approvers=(GROUP, CHANNEL), quorum=2)
    bot.world.groups = {GROUP: {BOB.id}, CHANNEL: {CY.id}}
    gate = first_gate(bot)
    refusal = click(bot, "approve", gate, DOT)
    assert f"<!subteam^{GROUP}>" in refusal
    assert f"<#{CHANNEL}>" in refusal
    click(bot, "approve", gate, BOB)
    assert click(bot, "approve", now(bot, gate), CY) == ""
    assert now(bot, gate).outcome == "approved"


def test_who_left_the_group_meanwhile_does_not_count_any_more(tmp_path: Path) -> None:
    """Looked at when the last vote comes: the vote of somebody who may not approve now is none."""
    bot = bot_with(tmp_path, approvers=(GROUP,), quorum=2)
    bot.world.groups = {GROUP: {BOB.id, CY.id, DOT.id}}
    gate = first_gate(bot)
    click(bot, "approve", gate, BOB)
    bot.world.groups[GROUP].remove(BOB.id)
    assert "1 more must approve" in click(bot, "approve", now(bot, gate), CY)
    assert click(bot, "approve", now(bot, gate), DOT) == ""
    assert now(bot, gate).outcome == "approved"


def test_nobody_approves_on_a_stale_list(tmp_path: Path) -> None:
    """When Slack does not tell who is in the group the click is refused; going back works all the same."""
    bot = bot_with(tmp_path, approvers=(GROUP,))
    gate = first_gate(bot)
    assert "could not be asked" in click(bot, "approve", gate, BOB)
    assert bot.upgrade().status is Status.WAITING
    assert "sessions go to blue" in click(bot, "rollback", gate, ANN)


def test_a_vote_is_not_lost_while_slack_does_not_tell_who_is_in_the_group(tmp_path: Path) -> None:
    """Silence says nothing about who voted before: the click is refused, and taken when Slack answers again."""
    bot = bot_with(tmp_path, approvers=(BOB.id, GROUP), quorum=2)
    bot.world.groups = {GROUP: {CY.id}}
    gate = first_gate(bot)
    click(bot, "approve", gate, CY)
    bot.world.groups = {}
    assert "could not be asked, so nothing was changed" in click(bot, "approve", gate, BOB)
    assert card(bot, gate).votes == (CY.id,)
    bot.world.groups = {GROUP: {CY.id}}
    assert click(bot, "approve", gate, BOB) == ""
    assert now(bot, gate).outcome == "approved"


def test_card_journal_and_report_name_only_votes_that_count(tmp_path: Path) -> None:
    """Who left the group and came back votes again; the gate is never stuck with all votes there."""
    bot = bot_with(tmp_path, approvers=(GROUP,), quorum=2)
    bot.world.groups = {GROUP: {BOB.id, CY.id, DOT.id}}
    gate = first_gate(bot)
    click(bot, "approve", gate, BOB)
    bot.world.groups[GROUP].remove(BOB.id)
    assert "1 more must approve" in click(bot, "approve", gate, CY)
    assert card(bot, gate).votes == (CY.id,)
    assert decisions(bot)[-1][2]["may not approve any more"] == [BOB.id]
    bot.world.groups[GROUP].add(BOB.id)
    assert click(bot, "approve", gate, BOB) == ""
    assert [vote.by for vote in now(bot, gate).votes] == [CY.id]
    assert decisions(bot)[-1][2]["approved before by"] == [CY.id]


def test_a_second_click_decides_when_enough_have_voted(tmp_path: Path) -> None:
    """As after the quorum was lowered and the bot started again."""
    bot = bot_with(tmp_path, approvers=(BOB.id, CY.id, DOT.id), quorum=3)
    gate = first_gate(bot)
    click(bot, "approve", gate, BOB)
    click(bot, "approve", gate, CY)
    slack = SlackConfig(approvers=(BOB.id, CY.id, DOT.id), quorum=2)
    restarted = Bot(bot.world, make_config(tmp_path).model_copy(update={"slack": slack}))
    assert click(restarted, "approve", gate, CY) == ""
    assert now(restarted, gate).outcome == "approved"


def test_the_dashboard_says_how_many_approvals_are_missing(tmp_path: Path) -> None:
    """After each vote."""
    bot = bot_with(tmp_path, approvers=(BOB.id, CY.id, DOT.id), quorum=3)
    gate = first_gate(bot)
    click(bot, "approve", gate, BOB)
    board = bot.shown()["dashboard"]
    assert isinstance(board, Dashboard)
    assert "2 more approvals" in board.headline


def test_operators_and_approvers_by_group_may_hold_and_roll_back(tmp_path: Path) -> None:
    """Groups are looked into; others are told whom to ask."""
    bot = bot_with(tmp_path, operators=(GROUP,), approvers=(CHANNEL,))
    bot.world.groups = {GROUP: {ANN.id}, CHANNEL: {BOB.id}}
    gate = first_gate(bot)
    assert f"Ask one of <!subteam^{GROUP}>" in bot.commands.run("hold main", DOT).text
    assert "main is held" in bot.commands.run("hold main", BOB).text
    assert "goes on" in bot.commands.run("resume main", ANN).text
    assert "Ask one of" in bot.commands.click("rollback", json.dumps({"upgrade": gate.upgrade}), CY).text  # type: ignore[union-attr]
    assert "Rolling main back" in bot.commands.run("rollback main", BOB).text


def test_a_silent_slack_keeps_no_operator_from_going_back(tmp_path: Path) -> None:
    """What it told before is good enough; who was never seen in the group still may not."""
    bot = bot_with(tmp_path, operators=(GROUP,))
    bot.world.groups = {GROUP: {ANN.id}}
    first_gate(bot)
    bot.world.groups = {}
    bot.world.clock.move(bot.world.clock.now() + 3600)
    assert "You may not roll back" in bot.commands.run("rollback main", DOT).text
    assert "Rolling main back" in bot.commands.run("rollback main", ANN).text


def test_a_group_that_slack_never_told_about_lets_nobody_in(tmp_path: Path) -> None:
    """It is said so, and asked again soon, but not at each click."""
    bot = bot_with(tmp_path, operators=(GROUP,))
    assert "could not be asked" in bot.commands.run("start main 2.516.3", ANN).text
    bot.world.groups = {GROUP: {ANN.id}}
    bot.world.clock.move(bot.world.clock.now() + 31)
    assert "Upgrading main" in bot.commands.run("start main 2.516.3", ANN).text


@pytest.mark.parametrize("name", ["upgrade", "step", "source", "target", "evidence"])
def test_a_click_decides_about_what_its_card_showed_and_nothing_else(tmp_path: Path, name: str) -> None:
    """For a button and for both forms; the card is drawn again, and its own buttons are taken."""
    bot = bot_with(tmp_path, approvers=(BOB.id,), break_glass=(BOB.id,))
    gate = first_gate(bot)
    other = json.dumps({**json.loads(of_card(bot, gate)), name: "another"})
    for action in ("approve", "hold"):
        notice = bot.commands.click(action, other, BOB)
        assert notice is not None
        assert "did not show what is asked now" in notice.text
    for form in (bot.commands.override, bot.commands.break_glass):
        assert "did not show what is asked now" in form(other, "the probe host was broken", BOB).text
    assert bot.upgrade().status is Status.WAITING
    approve = next(button for button in card(bot, gate).buttons if button.action == "approve")
    assert bot.commands.click("approve", approve.value, BOB) is None


def test_rolling_back_needs_no_quorum(tmp_path: Path) -> None:
    bot = bot_with(tmp_path, approvers=(BOB.id, CY.id), quorum=2)
    gate = first_gate(bot)
    click(bot, "approve", gate, BOB)
    click(bot, "rollback", gate, ANN)
    bot.settle(60)
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert now(bot, gate).outcome == "rolled back"


def test_old_figures_are_measured_and_asked_again(tmp_path: Path) -> None:
    """Earlier votes were given on them and are gone with them."""
    bot = bot_with(tmp_path, {"evidence_seconds": 600}, approvers=(BOB.id, CY.id), quorum=2)
    gate = first_gate(bot)
    click(bot, "approve", gate, BOB)
    bot.settle(700)
    assert "12 min old" in click(bot, "approve", now(bot, gate), CY)
    bot.settle(1)
    assert now(bot, gate).outcome == "superseded"
    newest = bot.store.newest_gate(bot.upgrade().id, gate.step)
    assert newest is not None
    assert (newest.id != gate.id, newest.outcome, newest.votes) == (True, None, ())


def test_a_click_after_the_expiry_is_late(tmp_path: Path) -> None:
    bot = bot_with(tmp_path, {"gate_expiry_seconds": 60})
    gate = first_gate(bot)
    bot.settle(70)
    assert bot.upgrade().status is Status.HELD
    assert "already expired" in click(bot, "approve", gate, BOB)


def test_an_undecided_gate_rolls_back_where_that_is_configured(tmp_path: Path) -> None:
    """By itself, said in the thread and in the journal; the card says beforehand what will happen."""
    bot = bot_with(tmp_path, {"gate_expiry_seconds": 60, "gate_expiry_outcome": "rollback"})
    gate = first_gate(bot)
    assert card(bot, gate).expiry == "rollback"
    bot.settle(120)
    assert bot.upgrade().status is Status.ROLLED_BACK
    assert now(bot, gate).outcome == "expired"
    assert ("rollback", None) in [(name, actor) for name, actor, _ in decisions(bot)]


def test_breaking_the_glass_goes_over_quorum_and_two_person_rule(tmp_path: Path) -> None:
    """By those who are named, with a reason, loudly."""
    bot = bot_with(
        tmp_path,
        approvers=(ANN.id, BOB.id, CY.id),
        quorum=2,
        requester_may_approve=False,
        break_glass=(ANN.id,),
    )
    gate = first_gate(bot)
    assert any(button.action == "break-glass" for button in card(bot, gate).buttons)
    assert (
        "You may not go over the rules"
        in bot.commands.break_glass(of_card(bot, gate), "everybody sleeps", BOB).text
    )
    assert "reason" in bot.commands.run("break-glass main now", ANN).text
    assert now(bot, gate).outcome is None
    assert "over the rules" in bot.commands.run("break-glass main everybody else sleeps", ANN).text
    decided = now(bot, gate)
    assert (decided.outcome, decided.over_the_rules, decided.reason) == (
        "approved",
        True,
        "everybody else sleeps",
    )
    decision = card(bot, gate).decision
    assert decision is not None
    assert decision.over_the_rules
    entry = bot.shown()[f"event-glass-{gate.id}"]
    assert isinstance(entry, Entry)
    assert entry.tone == "bad"
    assert f"<@{ANN.id}>" in entry.text
    assert decisions(bot)[-1][2]["over the rules"]


def test_without_anybody_named_there_is_no_glass(tmp_path: Path) -> None:
    bot = bot_with(tmp_path)
    gate = first_gate(bot)
    assert not any(button.action == "break-glass" for button in card(bot, gate).buttons)
    assert "names no one" in bot.commands.run("break-glass main everybody else sleeps", ANN).text


@pytest.mark.parametrize(
    "slack",
    [
        {"approvers": ["U1"], "quorum": 2},
        {"approvers": ["U1", "U2"], "quorum": 2, "requester_may_approve": False},
        {"operators": ["U1"]},
        {"approvers": ["U1"], "quorum": 0},
    ],
)
def test_rules_that_nobody_can_meet_are_refused_at_the_start(tmp_path: Path, slack: dict[str, Any]) -> None:
    """As far as the file tells."""
    with pytest.raises(ValueError, match=r"nobody could|quorum"):
        SlackConfig.model_validate(slack)


def test_the_two_person_rule_is_the_default(tmp_path: Path) -> None:
    """Who started an upgrade does not approve it, unless that is configured; the error of one approver names the key."""
    config = make_config(tmp_path)
    slack = SlackConfig(operators=(ANN.id, BOB.id))
    bot = Bot(World(tmp_path), config.model_copy(update={"slack": slack}))
    gate = first_gate(bot)
    assert "somebody else has to approve" in click(bot, "approve", gate, ANN)
    assert click(bot, "approve", gate, BOB) == ""
    with pytest.raises(ValueError, match=r"slack\.requester_may_approve"):
        SlackConfig(operators=(ANN.id,))


def test_what_only_slack_knows_is_told_by_the_check(tmp_path: Path) -> None:
    """Empty groups, and too few people in them; the same person in two groups counts once."""
    world = World(tmp_path)
    world.groups = {GROUP: {BOB.id}, CHANNEL: {BOB.id}, "S0EMPTY": set()}
    few = SlackConfig(
        approvers=(GROUP, CHANNEL), quorum=2, break_glass=("S0EMPTY",), requester_may_approve=True
    )
    assert [fault.split(":")[0] for fault in approval_faults(few, world)] == [
        "S0EMPTY has no members",
        "2 approvals are needed and 1 people may approve, so nobody could go on",
    ]
    assert list(approval_faults(SlackConfig(approvers=(GROUP,), requester_may_approve=True), world)) == []
    (alone,) = approval_faults(SlackConfig(approvers=(GROUP,)), world)
    assert "set slack.requester_may_approve to true" in alone
    assert list(approval_faults(SlackConfig(), world)) == []
    with pytest.raises(Temporary):
        list(approval_faults(SlackConfig(approvers=("S0UNKNOWN",)), world))


def test_rules_that_the_people_there_cannot_meet_are_refused_before_the_bot_serves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Unless an upgrade is under way: nobody could roll it back then. Silence of Slack refuses nothing."""
    world = World(tmp_path)
    world.groups = {GROUP: {BOB.id}}
    two = SlackConfig(approvers=(GROUP,), quorum=2)
    one = SlackConfig(approvers=(GROUP,), requester_may_approve=True)
    with pytest.raises(ConfigurationError, match="2 approvals are needed and 1 people may approve"):
        require_deciders(two, world, under_way=False)
    require_deciders(two, world, under_way=True)
    assert "1 people may approve" in caplog.text
    require_deciders(one, world, under_way=False)
    require_deciders(SlackConfig(approvers=("S0UNKNOWN",)), world, under_way=False)


def test_a_gate_of_an_older_release_is_read(tmp_path: Path) -> None:
    """It was stored without votes, and may be voted on."""
    bot = bot_with(tmp_path, approvers=(BOB.id, CY.id), quorum=2)
    gate = first_gate(bot)
    fields = {
        name: value
        for name, value in dataclasses.asdict(gate).items()
        if name not in ("votes", "over_the_rules")
    }
    with bot.store._connections.write() as db:
        db.execute("UPDATE gates SET record = ? WHERE id = ?", [json.dumps(fields), gate.id])
    click(bot, "approve", now(bot, gate), BOB)
    assert [vote.by for vote in now(bot, gate).votes] == [BOB.id]
