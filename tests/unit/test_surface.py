"""What Slack's forms, home tab and threads ask of the bot: choices, faults, prospects, overviews."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from bot.commands import Actor, StartRequest
from bot.content import Dashboard, GateCard
from bot.errors import Refused
from bot.messages import USUAL_RULES, dashboard, shown_on_card
from bot.reasons import Reason
from bot.traffic_plan import parse_traffic_plan, traffic_plan_fault, traffic_plan_text
from bot.upgrade import Hold, Status, StepRecord, StepState
from tests.fakes.world import ANN, BOB, Bot, World, make_config
from tests.unit.test_commands import at_a_gate, click

CY = Actor("U0CY", "cy", "C0CIOPS")
REQUEST = StartRequest("main", "2.516.3")


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), make_config(tmp_path))


# ---- traffic plans -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["10, 25, 50, handover, 100", "10 25 50 handover 100", "10%,25%,50% , Handover,,100%"]
)
def test_a_traffic_plan_is_read_as_people_write_it(text: str) -> None:
    """Commas, blanks and percent signs are all the same."""
    plan = parse_traffic_plan(text)
    assert plan == (10, 25, 50, "handover", 100)
    assert traffic_plan_fault(plan) == ""
    assert parse_traffic_plan(traffic_plan_text(plan)) == plan


@pytest.mark.parametrize("text", ["10, often, 100", "-5 handover 100", "1.5 handover 100", "²5"])
def test_an_entry_that_is_none_is_named(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(Refused, match="handover"):
        parse_traffic_plan(text)


@pytest.mark.parametrize(
    "plan", [(), (10, 100), (50, 10, "handover", 100), ("handover", 50), (0, "handover", 100)]
)
def test_a_plan_is_held_to_the_rules_of_the_configuration(plan: tuple[int | str, ...]) -> None:
    """Once a handover, rising, ending with 100."""
    assert traffic_plan_fault(plan)


# ---- the start form ------------------------------------------------------------------------------------------


def test_a_start_form_says_what_runs_and_what_is_configured(bot: Bot) -> None:
    """Asked of the controller itself."""
    choices = bot.commands.start_choices(None)
    assert (choices.controllers, choices.controller, choices.running) == (("main",), "main", "2.426.2")
    assert choices.traffic == (10, 25, 50, "handover", 100)
    assert choices.obstacle == ""
    assert bot.commands.start_choices("nope").controller == "main"


def test_what_stands_in_the_way_is_said_when_the_form_is_opened(bot: Bot) -> None:
    """A running upgrade, or a controller that does not answer."""
    bot.world.instances["main-first"].stop()
    assert "does not answer" in bot.commands.start_choices("main").obstacle
    bot.world.instances["main-first"].start()
    bot.commands.start(REQUEST, ANN)
    assert "already being upgraded to 2.516.3" in bot.commands.start_choices("main").obstacle


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"controller": "nope"}, ["controller"]),
        ({"version": "latest"}, ["version"]),
        ({"traffic": (100,)}, ["traffic"]),
        ({"controller": "", "version": "", "traffic": ()}, ["controller", "version", "traffic"]),
    ],
)
def test_faults_of_a_request_are_told_by_field_all_at_once(
    bot: Bot, changes: dict[str, object], fields: list[str]
) -> None:
    """And a request with faults changes nothing."""
    request = dataclasses.replace(REQUEST, **changes)  # type: ignore[arg-type]  # parametrized fields
    assert list(bot.commands.start_faults(request)) == fields
    if fields:
        assert list(bot.commands.start(request, ANN).errors) == fields
        assert bot.store.history(None, 10) == ()


def test_the_plan_of_the_form_is_the_plan_of_the_upgrade(bot: Bot) -> None:
    """Its steps are stored, and the reason stands in the journal."""
    answer = bot.commands.start(
        dataclasses.replace(REQUEST, traffic=(30, "handover", 100), reason="CVE"), ANN
    )
    assert answer.errors == {}
    steps = [step for step in bot.upgrade().steps if step.startswith("gate-")]
    assert steps == ["gate-30", "gate-handover", "gate-100", "gate-retire"]
    started = next(entry for entry in bot.store.journal(bot.upgrade().id) if entry.name == "start")
    assert started.detail == {"target": "2.516.3", "reason": "CVE"}


def test_only_looking_starts_nothing(bot: Bot) -> None:
    """The answer is the plan."""
    answer = bot.commands.start(dataclasses.replace(REQUEST, dry_run=True), CY)
    assert "ready to start" in answer.notice.text
    assert bot.store.history(None, 10) == ()


def test_a_stranger_may_not_start_from_a_form(bot: Bot) -> None:
    """Permission is checked when it is sent, not when it is drawn."""
    assert bot.commands.start(REQUEST, CY).notice.tone == "warning"
    assert bot.store.history(None, 10) == ()


# ---- holding and rolling back --------------------------------------------------------------------------------


def test_a_form_says_what_a_rollback_would_do_before_and_after_the_handover(bot: Bot) -> None:
    """Before it blue runs the builds; after it they come back."""
    at_a_gate(bot, "gate-25")
    (live,) = bot.commands.live_upgrades(ANN)
    assert "Blue still runs all builds" in " ".join(live.on_rollback)
    assert "10% of new sessions stay on green" in " ".join(live.on_hold)
    while bot.upgrade().step != "gate-100":
        gate = bot.store.newest_gate(bot.upgrade().id, bot.upgrade().step)
        if gate is not None and gate.outcome is None:
            click(bot, "approve", gate, BOB)
        bot.settle(1.0)
    (live,) = bot.commands.live_upgrades(ANN)
    assert "blue runs builds" in " ".join(live.on_rollback)


def test_a_form_rolls_back_the_upgrade_it_showed_and_no_later_one(bot: Bot) -> None:
    """A form that was left open must not hit what came after."""
    at_a_gate(bot)
    first = bot.upgrade().id
    assert "Rolling main back" in bot.commands.rollback(first, "users complain", ANN).text
    bot.settle(60.0)
    assert bot.upgrade().status is Status.ROLLED_BACK
    bot.commands.run("unlock main", ANN)
    bot.commands.start(REQUEST, ANN)
    assert first != bot.upgrade().id
    assert "already" in bot.commands.rollback(first, "", ANN).text
    assert bot.upgrade().status is not Status.ROLLING_BACK
    assert "no upgrade u000000" in bot.commands.rollback("u000000", "", ANN).text


def test_a_form_holds_with_its_reason(bot: Bot) -> None:
    """Shown to the next reader."""
    at_a_gate(bot)
    assert bot.commands.hold(bot.upgrade().id, "until Monday", ANN).text == "main is held."
    hold = bot.upgrade().hold
    assert hold is not None
    assert (hold.text, hold.by) == ("until Monday", ANN.id)


def test_approving_against_the_verdict_takes_the_reason_of_the_form(bot: Bot) -> None:
    """By an approver only, and with the reason on the card."""
    gate = at_a_gate(bot)
    bot.store.decide(dataclasses.replace(gate, outcome="superseded"), bot.upgrade())
    failing = dataclasses.replace(gate, id="failing", verdict="fail")
    bot.store.open_gate(failing, dataclasses.replace(bot.upgrade(), status=Status.WAITING))
    reason, card = "the probe host was broken", json.dumps(shown_on_card(bot.upgrade(), failing))
    assert bot.commands.override(card, reason, ANN).tone == "warning"
    assert bot.upgrade().status is Status.WAITING
    assert bot.commands.override(card, reason, BOB).tone == "good"
    decided = bot.store.gate("failing")
    assert decided is not None
    assert (decided.outcome, decided.decided_by, decided.reason) == ("approved", BOB.id, reason)


def test_an_override_of_a_card_that_is_not_known_changes_nothing(bot: Bot) -> None:
    """Of an older state directory, or of an older release."""
    assert "not known" in bot.commands.override('{"upgrade": "u1", "gate": "g1"}', "a long reason", BOB).text
    assert "another release" in bot.commands.override("g1", "a long reason", BOB).text


def test_the_dashboard_says_since_when_it_waits_and_how_long_the_next_step_takes(bot: Bot) -> None:
    """For a gate and for a hold; nothing waits while it runs."""
    gate = at_a_gate(bot)

    def board() -> Dashboard:
        content = next(row.content for row in bot.store.due(0.0) if row.key == "dashboard")
        assert isinstance(content, Dashboard)
        return content

    assert board().waiting_since == gate.opened_at
    assert board().next_step == "10% of sessions on green, then watched for 20 s"
    bot.commands.hold(gate.upgrade, "until Monday", ANN)
    hold = bot.upgrade().hold
    assert hold is not None
    assert board().waiting_since == hold.at
    (live,) = bot.commands.live_upgrades(ANN)
    assert live.on_resume[0] == "It is held: until Monday"
    bot.commands.resume(gate.upgrade, "Monday", ANN)
    assert board().waiting_since is None
    resumed = next(entry for entry in bot.store.journal(gate.upgrade) if entry.name == "resume")
    assert (resumed.actor, resumed.detail) == (ANN.id, {"reason": "Monday"})
    (live,) = bot.commands.live_upgrades(ANN)
    assert "nothing to resume" in live.on_resume[0]


# ---- the home tab --------------------------------------------------------------------------------------------


def test_an_overview_names_what_waits_for_its_reader_alone(bot: Bot) -> None:
    """Bob may approve; Cy may not."""
    gate = at_a_gate(bot)
    (question,) = bot.commands.overview(BOB).waiting
    assert (question.controller, question.text) == ("main", "Send 10% of sessions to green?")
    assert question.until == gate.expires_at
    assert bot.commands.overview(CY).waiting == ()
    click(bot, "approve", gate, BOB)
    assert bot.commands.overview(BOB).waiting == ()


def test_an_overview_follows_a_controller_from_idle_to_its_end(bot: Bot) -> None:
    """Without asking any controller: it is drawn often."""
    (idle,) = bot.commands.overview(ANN).controllers
    assert (idle.upgrade, idle.last) == (None, "never upgraded by this bot")
    at_a_gate(bot)
    for jenkins in bot.world.instances.values():
        jenkins.reachable = False
    (busy,) = bot.commands.overview(ANN).controllers
    assert busy.upgrade == bot.upgrade().id
    assert "Waiting for approval" in busy.state
    assert busy.version == "2.426.2"


@pytest.mark.parametrize(
    ("noted", "versions", "late"),
    [
        ("2.516.3", ("2.516.3",), "the newest LTS is 2.516.3"),
        ("2.426.2", (), ""),
        ("custom", (), ""),
        (None, (), ""),
    ],
)
def test_known_releases_are_offered_and_tell_how_far_behind_a_controller_is(
    bot: Bot, noted: str | None, versions: tuple[str, ...], late: str
) -> None:
    """As noted by the watch for releases; only those that are newer."""
    if noted is not None:
        bot.store.put_document("release-watch:main", {"release": noted})
    assert bot.commands.start_choices("main").versions == versions
    at_a_gate(bot)
    (state,) = bot.commands.overview(ANN).controllers
    assert state.behind == late


def test_only_what_can_be_done_is_offered(bot: Bot) -> None:
    """On the home tab and on the dashboard: waiting, held, on the way back."""

    def offered() -> tuple[tuple[str, ...], list[str]]:
        (state,) = bot.commands.overview(ANN).controllers
        board = bot.shown()["dashboard"]
        assert isinstance(board, Dashboard)
        return state.choices, [button.action for button in board.buttons]

    gate = at_a_gate(bot)
    assert offered() == (("hold", "rollback"), ["rollback"])
    click(bot, "hold", gate, BOB)
    assert offered() == (("resume", "rollback"), ["resume", "rollback"])
    bot.commands.run("rollback main", ANN)
    assert offered() == ((), [])


def test_while_blue_is_retired_no_way_back_is_offered(bot: Bot) -> None:
    """It would be refused; holding is not."""
    gate = at_a_gate(bot, "gate-retire")
    record = StepRecord(StepState.RUNNING, bot.world.clock.now())
    click(bot, "approve", gate, BOB)
    retiring = bot.store.save(
        dataclasses.replace(bot.upgrade().with_record("retire", record), step="retire", status=Status.RUNNING)
    )
    board = dashboard(retiring, None, None, make_config(bot.world.directory).controllers["main"], USUAL_RULES)
    assert [button.action for button in board.buttons] == ["pause"]
    (live,) = bot.commands.live_upgrades(ANN)
    assert f"restore the backup {retiring.id}" in live.on_rollback[0]
    assert "restore the backup" in bot.commands.run("rollback main", ANN).text
    held = dataclasses.replace(retiring, status=Status.HELD, hold=Hold(Reason.ASKED, "Asked.", 1.0))
    assert (
        "roll back"
        not in dashboard(
            held, None, None, make_config(bot.world.directory).controllers["main"], USUAL_RULES
        ).headline
    )


def test_the_way_back_is_told_as_it_was_measured(bot: Bot) -> None:
    """On the card and in the form; a blue that does not answer is said to."""
    bot.world.instances["main-first"].reachable = True
    gate = at_a_gate(bot)
    drawn = bot.shown()[gate.id]
    assert isinstance(drawn, GateCard)
    assert "blue warm" in drawn.going_back
    (live,) = bot.commands.live_upgrades(ANN)
    assert any("blue warm" in line for line in live.on_rollback)
    bot.world.instances["main-first"].reachable = False
    bot.settle(10.0)
    (live,) = bot.commands.live_upgrades(ANN)
    assert any("blue does not answer" in line for line in live.on_rollback)


def test_where_the_upgrade_speaks_is_named_when_it_is_elsewhere(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    slack = config.slack.model_copy(update={"channel": "C0UPGRADES"})
    bot = Bot(World(tmp_path), config.model_copy(update={"slack": slack}))
    assert "The message in <#C0UPGRADES> is kept" in bot.commands.run("start main 2.516.3", ANN).text


def test_an_overview_tells_how_the_last_upgrade_ended(bot: Bot) -> None:
    """And that nothing runs now."""
    at_a_gate(bot)
    bot.commands.rollback(bot.upgrade().id, "", ANN)
    bot.settle(60.0)
    (state,) = bot.commands.overview(ANN).controllers
    assert (state.upgrade, state.version) == (None, "2.426.2")
    assert state.last == "2.426.2 → 2.516.3: rolled back"
