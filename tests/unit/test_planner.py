"""The planner: what is next, from stored state and the time alone."""

from __future__ import annotations

import dataclasses

import pytest

from bot.model import Instance
from bot.planner import Advance, CloseGate, Finish, OpenGate, Run, Wait, next_action
from bot.upgrade import FINAL, Gate, Status, StepRecord, StepState, Upgrade, plan_steps, rollback_steps

BLUE = Instance("blue", "2.426.2", "http://blue", "/home")
STEPS = plan_steps((10, "handover", 100))


def an_upgrade(step: str, status: Status = Status.RUNNING, **changes: object) -> Upgrade:
    upgrade = Upgrade("u1", "main", "2.426.2", "2.516.3", "U1", "C1", 0.0, STEPS, step, status, BLUE)
    return dataclasses.replace(upgrade, **changes)  # type: ignore[arg-type]  # tests name fields freely


def a_gate(step: str, outcome: str | None = None) -> Gate:
    return Gate("g1", "u1", step, 0.0, 100.0, {}, "hash", "pass", outcome)


def done(step: str) -> dict[str, StepRecord]:
    return {step: StepRecord(StepState.DONE, 0.0, 1.0)}


def test_a_gate_stands_before_every_traffic_step() -> None:
    """Each weight, the handover and the retirement are asked for first."""
    for step in STEPS:
        if step.startswith("send-") or step in ("handover", "retire"):
            before = STEPS[STEPS.index(step) - 1]
            assert before == "gate-" + step.removeprefix("send-")


def test_a_step_that_was_not_begun_is_run() -> None:
    """Also after a crash in it: its record says running, and it is made again."""
    assert next_action(an_upgrade("backup"), None, 5.0) == Run()
    begun = an_upgrade("backup", records={"backup": StepRecord(StepState.RUNNING, 0.0)})
    assert next_action(begun, None, 5.0) == Run()


def test_a_finished_step_is_followed_by_the_next() -> None:
    assert next_action(an_upgrade("backup", records=done("backup")), None, 5.0) == Advance("clone")


@pytest.mark.parametrize("outcome", ["held", "expired", "superseded", "rolled back"])
def test_a_gate_decided_otherwise_is_asked_anew(outcome: str) -> None:
    """After a hold is resumed the same question is put again, with new evidence."""
    assert next_action(an_upgrade("gate-10"), a_gate("gate-10", outcome), 5.0) == OpenGate()


def test_only_an_approval_leads_past_a_gate() -> None:
    """No gate, no decision or another decision: never a step of traffic."""
    upgrade = an_upgrade("gate-10", Status.WAITING)
    assert next_action(upgrade, None, 5.0) == OpenGate()
    assert next_action(upgrade, a_gate("gate-10"), 5.0) == Wait(100.0)
    assert next_action(upgrade, a_gate("gate-10", "approved"), 5.0) == Advance("send-10")


def test_an_approval_from_before_it_went_back_does_not_count() -> None:
    """What was asked then was asked about other figures."""
    upgrade = an_upgrade("gate-10", asked_from=50.0)
    assert next_action(upgrade, a_gate("gate-10", "approved"), 60.0) == OpenGate()
    newer = dataclasses.replace(a_gate("gate-10", "approved"), opened_at=55.0)
    assert next_action(upgrade, newer, 60.0) == Advance("send-10")


def test_an_undecided_gate_is_closed_when_its_time_is_over() -> None:
    assert next_action(an_upgrade("gate-10", Status.WAITING), a_gate("gate-10"), 100.0) == CloseGate("g1")


def test_an_observation_is_waited_for_and_then_concluded() -> None:
    watched = an_upgrade("watch-10", records={"watch-10": StepRecord(StepState.RUNNING, 0.0, until=60.0)})
    assert next_action(watched, None, 59.9) == Wait(60.0)
    assert next_action(watched, None, 60.0) == Run()


def test_a_failed_step_is_tried_again_only_when_its_delay_is_over() -> None:
    failed = an_upgrade("clone", records={"clone": StepRecord(StepState.FAILED, 0.0, 1.0)}, retry_at=9.0)
    assert next_action(failed, None, 8.0) == Wait(9.0)
    assert next_action(failed, None, 9.0) == Run()


@pytest.mark.parametrize("status", [Status.HELD, *sorted(FINAL)])
def test_what_is_held_or_over_waits_for_people(status: Status) -> None:
    assert next_action(an_upgrade("clone", status), None, 5.0) == Wait(None)


def test_the_last_step_ends_the_upgrade() -> None:
    assert next_action(an_upgrade("retire", records=done("retire")), None, 5.0) == Finish(Status.COMPLETED)
    back = an_upgrade("back-stop", Status.ROLLING_BACK, steps=rollback_steps(), records=done("back-stop"))
    assert next_action(back, None, 5.0) == Finish(Status.ROLLED_BACK)
