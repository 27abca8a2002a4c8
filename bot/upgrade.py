"""One upgrade as a frozen record, and the names of its steps.

Steps are stored by name with the plan in the row: an upgrade that waits over a new release of the bot goes on with the
plan that was approved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from bot.model import Instance, Phase, Side
from bot.reasons import Reason

__all__ = [
    "FINAL",
    "Choice",
    "Gate",
    "Hold",
    "Status",
    "StepRecord",
    "StepState",
    "Upgrade",
    "Vote",
    "phase_of",
    "plan_steps",
    "resumed",
    "rollback_steps",
    "turned_back",
]

PLAN_VERSION = 1


class Status(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    """A gate is open."""
    HELD = "held"
    """Stopped until a human resumes it or rolls back."""
    ROLLING_BACK = "rolling_back"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    """Ended before anything was changed (preflight)."""


Choice = Literal["hold", "resume", "rollback"]
FINAL = frozenset({Status.COMPLETED, Status.ROLLED_BACK, Status.FAILED})


class StepState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepRecord:
    state: StepState
    started_at: float
    ended_at: float | None = None
    attempt: int = 1
    """Grows when the step failed and is tried again; a crash does not raise it."""
    until: float | None = None
    """End of a watched time (observation, soak), fixed when the step starts."""
    note: str = ""
    forgiven: int = 0
    """So many attempts were made before somebody resumed it: they do not count any more."""


@dataclass(frozen=True, slots=True)
class Hold:
    reason: Reason
    text: str
    """A sentence for people, with what to do."""
    at: float
    by: str | None = None
    """User id; None when the bot held by itself."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's approval, where several are needed."""

    by: str
    at: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """A wait for a human decision, with the evidence it rests on."""

    id: str
    """``<upgrade>-<step>-<n>``: a gate that is opened again is a new gate."""
    upgrade: str
    step: str
    opened_at: float
    expires_at: float
    evidence: Mapping[str, Any]
    """What was shown (see :mod:`bot.evidence`)."""
    evidence_hash: str
    verdict: str
    outcome: str | None = None
    """approved, held, rolled back, expired or superseded."""
    decided_by: str | None = None
    decided_at: float | None = None
    reason: str = ""
    votes: tuple[Vote, ...] = ()
    """Approvals so far, on this evidence: a gate that is asked again begins without."""
    over_the_rules: bool = False
    """Approved by breaking the glass."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    id: str
    controller: str
    source: str
    target: str
    requested_by: str
    channel: str
    created_at: float
    steps: tuple[str, ...]
    """Names, in order; replaced by the rollback's steps when it is rolled back."""
    step: str
    """The current one."""
    status: Status
    blue: Instance
    green: Instance | None = None
    owner: Side = Side.BLUE
    weight: int = 0
    """Session weight of green that was last asked of the router."""
    records: Mapping[str, StepRecord] = field(default_factory=dict)
    hold: Hold | None = None
    retry_at: float | None = None
    """Not to be tried again before this time (after a temporary failure)."""
    following: bool = False
    """True while the follower is alive and must be kept in step (sync, relay)."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Small results of phases: backup id, freeze seconds, executors."""
    ended_at: float | None = None
    version: int = 0
    """Row version for compare-and-set."""
    plan_version: int = PLAN_VERSION
    untold: bool = False
    """It has ended and the words about that are not in the outbox yet."""
    asked_from: float = 0.0
    """It went back to an earlier question at this time: approvals on cards from before do not count any more."""

    @property
    def live(self) -> bool:
        return self.status not in FINAL

    @property
    def retiring(self) -> bool:
        """Blue is being stopped, or is: there is no way back any more."""
        return self.step == "retire" and self.record() is not None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What people may do to its course now, beside deciding at a gate."""
        if not self.live or self.status is Status.ROLLING_BACK:
            return ()
        stop: Choice = "resume" if self.status is Status.HELD else "hold"
        return (stop,) if self.retiring else (stop, "rollback")

    def instance(self, side: Side) -> Instance:
        if side is Side.BLUE:
            return self.blue
        assert self.green is not None, "green does not exist yet"
        return self.green

    def record(self, step: str | None = None) -> StepRecord | None:
        return self.records.get(step or self.step)

    def with_record(self, step: str, record: StepRecord) -> Upgrade:
        return dataclasses.replace(self, records={**self.records, step: record})

    def with_facts(self, **facts: Any) -> Upgrade:
        return dataclasses.replace(self, facts={**self.facts, **facts})

    def following_step(self) -> str | None:
        """The step after the current one, None at the end."""
        index = self.steps.index(self.step)
        return self.steps[index + 1] if index + 1 < len(self.steps) else None


def plan_steps(traffic: tuple[int | str, ...]) -> tuple[str, ...]:
    """All steps of an upgrade with this traffic plan, gates included."""
    steps = ["preflight", "backup", "clone", "upgrade", "validate"]
    for entry in traffic:
        move = "handover" if entry == "handover" else f"send-{entry}"
        steps += [f"gate-{entry}", move, f"watch-{entry}"]
    return (*steps, "soak", "drain", "gate-retire", "retire")


def rollback_steps() -> tuple[str, ...]:
    """Users first, ownership next, everything else after."""
    return ("back-sessions", "back-handover", "back-drain", "back-stop")


def phase_of(step: str) -> Phase:
    if step.startswith("back-"):
        return Phase.ROLLBACK
    if step in ("gate-retire", "retire"):
        return Phase.RETIRE
    if step in ("soak", "drain"):
        return Phase.SOAK
    if step.startswith(("gate-", "send-", "watch-")) or step == "handover":
        return Phase.SHIFT
    return Phase(step)


def turned_back(upgrade: Upgrade) -> Upgrade:
    """On its way back: what is done stays recorded, the steps of the rollback follow."""
    done = tuple(
        step
        for step in upgrade.steps
        if step in upgrade.records and upgrade.records[step].state is not StepState.FAILED
    )
    return dataclasses.replace(
        upgrade,
        status=Status.ROLLING_BACK,
        steps=(*done, *rollback_steps()),
        step=rollback_steps()[0],
        hold=None,
        retry_at=None,
    )


def resumed(upgrade: Upgrade, now: float) -> Upgrade:
    """Going on after a hold, with new attempts.

    After a failed verdict the observation begins anew; where the sessions were sent back, it goes back to the question that
    stands before sending them.
    """
    hold, record = upgrade.hold, upgrade.record()
    changed = dataclasses.replace(upgrade, status=Status.RUNNING, hold=None, retry_at=None)
    if record is not None and record.state is StepState.FAILED:
        changed = changed.with_record(upgrade.step, dataclasses.replace(record, forgiven=record.attempt))
    if hold is None or hold.reason is not Reason.VERDICT:
        return changed
    taken_back = _taken_back(upgrade)
    if taken_back is not None:
        return _asked_anew(changed, taken_back, now)
    return changed if record is None else changed.with_record(upgrade.step, _observed_anew(record, now))


def _observed_anew(record: StepRecord, now: float) -> StepRecord:
    until = None if record.until is None else now + record.until - record.started_at
    return StepRecord(
        StepState.RUNNING, now, attempt=record.attempt + 1, until=until, forgiven=record.attempt
    )


def _taken_back(upgrade: Upgrade) -> str | None:
    """The step whose sessions were sent back to blue since."""
    sent = [step for step in _before(upgrade, upgrade.step) if step.startswith("send-")]
    if sent and upgrade.weight < int(sent[-1].removeprefix("send-")):
        return sent[-1]
    return None


def _asked_anew(upgrade: Upgrade, step: str, now: float) -> Upgrade:
    """At the gate before this step. What was done since is to be done again; what was not done goes on counting its attempts."""
    *kept, gate = _before(upgrade, step)
    records = {
        name: record
        for name, record in upgrade.records.items()
        if name in kept or record.state is not StepState.DONE
    }
    return dataclasses.replace(upgrade, step=gate, records=records, asked_from=now)


def _before(upgrade: Upgrade, step: str) -> tuple[str, ...]:
    """The steps before this one."""
    return upgrade.steps[: upgrade.steps.index(step)]
