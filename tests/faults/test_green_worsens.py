"""When green does worse than blue: at any moment the upgrade is held, people go back to blue, and going on takes a reason and a new look."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bot.content import Dashboard
from bot.context import Context
from bot.evidence import PROBE_PATHS, take_sample
from bot.model import Probe, Side
from bot.reasons import Reason
from bot.upgrade import Gate, Status, StepState
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.world import ANN, BOB, Bot, World, make_config
from tests.unit.leading import lead_to

REASON = "the slow disk was replaced"


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), make_config(tmp_path))


def break_green(bot: Bot, *, broken: bool = True) -> None:
    green = bot.world.green()
    assert green is not None
    green.reachable = not broken


def open_gate(bot: Bot) -> Gate:
    upgrade = bot.upgrade()
    gate = bot.store.newest_gate(upgrade.id, upgrade.step)
    assert gate is not None, f"no question at {upgrade.step}"
    assert gate.outcome is None
    return gate


def hold_of(bot: Bot) -> Reason | None:
    hold = bot.upgrade().hold
    return hold.reason if hold else None


def measured_badly(bot: Bot, at: float, times: int) -> None:
    """As if green had failed every probe of so many samples."""
    ((_, sample),) = bot.store.newest_samples(bot.upgrade().id, 1)
    silent = {"probes": [], "paths": [], "failed_probes": 3}
    broken = {**sample, "sides": {**sample["sides"], "green": {**sample["sides"]["green"], **silent}}}
    for _ in range(times):
        bot.store.add_sample(bot.upgrade().id, at, broken)


def just_before_the_end(bot: Bot) -> None:
    record = bot.upgrade().record()
    assert record is not None
    assert record.until is not None
    bot.settle(record.until - bot.world.clock.now() - 0.5)


def test_green_that_breaks_while_a_gate_waits_is_held_within_a_minute(bot: Bot) -> None:
    """After a long time of good figures: sessions are on blue, and the card says what is so and asks no more."""
    gate = lead_to(bot, "gate-25")
    assert gate is not None
    bot.settle(1200.0)
    assert open_gate(bot).id == gate.id, "good figures change nothing"
    break_green(bot)
    bot.settle(60.0)
    assert (bot.upgrade().status, hold_of(bot)) == (Status.HELD, Reason.VERDICT)
    assert bot.world.router.read().weight == bot.upgrade().weight == 0
    closed = bot.store.gate(gate.id)
    assert closed is not None
    assert (closed.outcome, closed.decided_by) == ("superseded", None)
    assert "Green does worse" in closed.reason


def test_after_the_handover_people_stay_where_the_builds_are(bot: Bot) -> None:
    lead_to(bot, "gate-100")
    break_green(bot)
    bot.settle(60.0)
    assert hold_of(bot) is Reason.VERDICT
    assert bot.world.router.read().weight == 50


def test_a_card_that_nobody_is_affected_by_is_asked_anew_once(bot: Bot) -> None:
    """Before any session is on green nothing has to be held: the card says that green broke, and needs a reason now."""
    first = lead_to(bot, "gate-10")
    assert first is not None
    break_green(bot)
    bot.settle(120.0)
    again = open_gate(bot)
    assert (bot.upgrade().status, again.verdict) == (Status.WAITING, "fail")
    assert [gate.id for gate in bot.store.gates(again.upgrade)] == [first.id, again.id]


def test_going_on_needs_a_written_reason(bot: Bot) -> None:
    lead_to(bot, "watch-10")
    break_green(bot)
    bot.settle(20.0)
    assert hold_of(bot) is Reason.VERDICT
    (dashboard,) = [row.content for row in bot.store.due(bot.world.clock.now()) if row.key == "dashboard"]
    assert isinstance(dashboard, Dashboard)
    assert "resume main <reason>" in dashboard.headline
    assert "written reason" in bot.commands.run("resume main", ANN).text
    assert bot.upgrade().status is Status.HELD
    assert "written reason" not in bot.commands.run(f"resume main {REASON}", ANN).text
    assert bot.upgrade().status is Status.RUNNING


@pytest.mark.parametrize("step", ["watch-10", "gate-25"])
def test_sessions_that_were_sent_back_are_asked_about_again(bot: Bot, step: str) -> None:
    """Traffic never rises without an approval: the old one does not count, and what was watched is watched anew."""
    lead_to(bot, step)
    break_green(bot)
    bot.settle(40.0)
    assert hold_of(bot) is Reason.VERDICT
    break_green(bot, broken=False)
    bot.commands.run(f"resume main {REASON}", ANN)
    bot.settle(30.0)
    again = open_gate(bot)
    assert (again.step, bot.upgrade().weight) == ("gate-10", 0)
    assert len([gate for gate in bot.store.gates(again.upgrade) if gate.step == "gate-10"]) == 2
    bot.commands.run(f"approve main {REASON}", BOB)
    bot.settle(1.0)
    assert (bot.upgrade().step, bot.world.router.read().weight) == ("watch-10", 10)
    bot.settle(25.0)
    assert open_gate(bot).step == "gate-25"
    assert open_gate(bot).verdict == "pass", "what was measured before does not count"


def test_an_observation_whose_sessions_stayed_begins_anew(bot: Bot) -> None:
    """Neither is it held again for what was measured before, nor does it pass with nothing measured."""
    lead_to(bot, "watch-100")
    break_green(bot)
    bot.settle(20.0)
    assert hold_of(bot) is Reason.VERDICT
    break_green(bot, broken=False)
    bot.settle(3.0)
    bot.commands.run(f"resume main {REASON}", ANN)
    now = bot.world.clock.now()
    bot.settle(10.0)
    record = bot.upgrade().record()
    assert bot.upgrade().step == "watch-100"
    assert record is not None
    assert (record.started_at, record.until) == (now, now + 20)
    bot.settle(15.0)
    assert bot.upgrade().step == "soak"
    assert "probes with errors: green 0 of " in bot.upgrade().records["watch-100"].note


@pytest.mark.parametrize(("step", "weight"), [("watch-25", 0), ("soak", 100)])
def test_what_only_the_whole_observation_shows_holds_at_its_end(
    tmp_path: Path, step: str, weight: int
) -> None:
    """The conclusion does what every look before it would have done."""
    bot = Bot(World(tmp_path), make_config(tmp_path, sample_seconds=7, observe_seconds=20, soak_seconds=20))
    lead_to(bot, step)
    just_before_the_end(bot)
    measured_badly(bot, bot.world.clock.now(), 20)
    bot.settle(1.0)
    assert (bot.upgrade().step, hold_of(bot)) == (step, Reason.VERDICT)
    assert bot.world.router.read().weight == weight


def test_a_conclusion_that_is_drawn_again_rests_on_the_same_observation(bot: Bot) -> None:
    """A router that is silent for a moment at the end does not make an observation of nothing."""
    lead_to(bot, "watch-10")
    started = bot.upgrade().records["watch-10"].started_at
    just_before_the_end(bot)
    bot.world.router.silent = "host-b is silent"
    bot.settle(2.0)
    assert bot.upgrade().records["watch-10"].state is StepState.FAILED
    bot.world.router.silent = None
    bot.settle(10.0)
    record = bot.upgrade().records["watch-10"]
    assert (record.state, record.started_at) == (StepState.DONE, started)
    assert "too few" not in record.note


def test_sessions_that_went_back_are_not_raised_by_a_resume_alone(bot: Bot) -> None:
    lead_to(bot, "gate-handover")
    break_green(bot)
    bot.settle(60.0)
    break_green(bot, broken=False)
    bot.commands.run(f"resume main {REASON}", ANN)
    bot.settle(120.0)
    state = bot.world.router.read()
    assert (bot.upgrade().step, state.weight, state.owner) == ("gate-50", 0, Side.BLUE)


def test_people_are_not_left_on_a_broken_green_while_a_human_holds(bot: Bot) -> None:
    """Held over the weekend with half of the sessions on green: they go back, and the hold says both reasons."""
    lead_to(bot, "watch-50")
    bot.commands.run("hold main until Monday", ANN)
    bot.settle(600.0)
    assert bot.world.router.read().weight == 50
    break_green(bot)
    bot.settle(60.0)
    hold = bot.upgrade().hold
    assert hold is not None
    assert hold.reason is Reason.VERDICT
    assert "until Monday" in hold.text
    assert bot.world.router.read().weight == 0
    break_green(bot, broken=False)
    bot.commands.run(f"resume main {REASON}", ANN)
    bot.settle(5.0)
    assert open_gate(bot).step == "gate-50"


def test_green_is_judged_while_the_last_builds_of_blue_end(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """That may take hours, with everybody on green."""

    def waiting(ctx: Context) -> str:
        break_green(bot)
        for _ in range(60):
            ctx.stop.wait(1.0)
            bot.scheduler.fire_due()
        return "no build runs on blue any more"

    monkeypatch.setattr("bot.phases.soak.await_drained", waiting)
    lead_to(bot, "soak")
    bot.settle(60.0)
    assert (bot.upgrade().step, hold_of(bot)) == ("drain", Reason.VERDICT)


def test_a_side_that_gives_no_answer_is_asked_once_a_sample(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each silence lasts as long as the timeout: a hung green would otherwise show three times as late."""
    lead_to(bot, "gate-25")
    probe, asked = FakeJenkins.probe, Counter[str]()

    def counted(jenkins: FakeJenkins, path: str) -> Probe:
        asked[jenkins.name] += 1
        return probe(jenkins, path)

    monkeypatch.setattr(FakeJenkins, "probe", counted)
    break_green(bot)
    take_sample(bot.contexts.beside(bot.upgrade().id))
    green = bot.world.green()
    assert green is not None
    assert asked == {"main-first": len(PROBE_PATHS), green.name: 1}
    ((_, sample),) = bot.store.newest_samples(bot.upgrade().id, 1)
    assert sample["sides"]["green"]["failed_probes"] == len(PROBE_PATHS)
