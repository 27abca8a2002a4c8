"""Going on after a hold: what is done again, what begins anew, and what goes on counting."""

from __future__ import annotations

import dataclasses

from bot.model import Instance
from bot.reasons import Reason
from bot.upgrade import Hold, Status, StepRecord, StepState, Upgrade, plan_steps, resumed

BLUE = Instance("blue", "2.426.2", "http://blue", "/home")
DONE, FAILED, RUNNING = StepState.DONE, StepState.FAILED, StepState.RUNNING
BASE = Upgrade(
    "u1", "main", "2.426.2", "2.516.3", "U1", "C1", 0.0, plan_steps((10, 50, "handover", 100)), "watch-10", Status.HELD, BLUE
)  # fmt: skip
VERDICT, ASKED = (Hold(reason, "why", 90.0) for reason in (Reason.VERDICT, Reason.ASKED))


def held(step: str, hold: Hold, weight: int, **records: StepRecord) -> Upgrade:
    named = {name.replace("_", "-"): record for name, record in records.items()}
    return dataclasses.replace(BASE, step=step, hold=hold, weight=weight, records=named)


def test_a_hold_that_somebody_asked_for_changes_nothing_else() -> None:
    """The observation ends when it would have ended."""
    before = held(
        "watch-10", ASKED, 10, send_10=StepRecord(DONE, 0.0), watch_10=StepRecord(RUNNING, 5.0, until=65.0)
    )
    assert resumed(before, 100.0) == dataclasses.replace(before, status=Status.RUNNING, hold=None)


def test_a_failed_observation_is_as_long_as_before() -> None:
    before = held("watch-100", VERDICT, 100, watch_100=StepRecord(RUNNING, 5.0, until=65.0))
    record = resumed(dataclasses.replace(before, steps=plan_steps(("handover", 100))), 100.0).record()
    assert record is not None
    assert (record.state, record.started_at, record.until) == (RUNNING, 100.0, 160.0)


def test_attempts_from_before_do_not_count() -> None:
    after = resumed(held("handover", ASKED, 50, handover=StepRecord(FAILED, 5.0, attempt=6)), 100.0)
    record = after.record()
    assert record is not None
    assert (record.attempt, record.forgiven) == (6, 6)


def test_going_back_to_a_question_keeps_count_of_what_failed_after_it() -> None:
    """A handover that failed twice is made a third time later: its changes are not mistaken for those of the first."""
    before = held(
        "handover",
        VERDICT,
        0,
        send_10=StepRecord(DONE, 0.0),
        watch_10=StepRecord(DONE, 0.0, until=5.0),
        send_50=StepRecord(DONE, 10.0),
        watch_50=StepRecord(DONE, 10.0, until=15.0),
        handover=StepRecord(FAILED, 20.0, attempt=2),
    )
    after = resumed(before, 100.0)
    assert (after.step, after.asked_from, after.weight) == ("gate-50", 100.0, 0)
    assert set(after.records) == {"send-10", "watch-10", "handover"}
    assert (after.records["handover"].attempt, after.records["handover"].forgiven) == (2, 2)
