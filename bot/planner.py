"""Given the stored upgrade and the time: what to do next. Pure: no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from bot.upgrade import Gate, Status, StepState, Upgrade

__all__ = ["Action", "Advance", "CloseGate", "Finish", "OpenGate", "Run", "Wait", "next_action"]


@dataclass(frozen=True, slots=True)
class Run:
    """Run the current step, for the first time or again."""


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Ask a human."""


@dataclass(frozen=True, slots=True)
class CloseGate:
    """The gate's time is over: hold the upgrade, or roll it back."""

    gate: str


@dataclass(frozen=True, slots=True)
class Advance:
    """The current step is done: go to the next."""

    step: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before ``until`` (None: before somebody acts)."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Finish:
    status: Status


Action = Run | OpenGate | CloseGate | Advance | Wait | Finish


def next_action(upgrade: Upgrade, gate: Gate | None, now: float) -> Action:
    """``gate`` is the newest gate of the current step, None when it has none."""
    if not upgrade.live or upgrade.status is Status.HELD:
        return Wait(None)
    record = upgrade.record()
    if record is not None and record.state is StepState.DONE:
        following = upgrade.following_step()
        if following is not None:
            return Advance(following)
        return Finish(Status.ROLLED_BACK if upgrade.status is Status.ROLLING_BACK else Status.COMPLETED)
    if upgrade.retry_at is not None and now < upgrade.retry_at:
        return Wait(upgrade.retry_at)
    if upgrade.step.startswith("gate-"):
        return _at_gate(upgrade, gate, now)
    if record is not None and record.until is not None and now < record.until:
        return Wait(record.until)
    return Run()


def _at_gate(upgrade: Upgrade, gate: Gate | None, now: float) -> Action:
    if gate is None or gate.opened_at < upgrade.asked_from or gate.outcome not in (None, "approved"):
        return OpenGate()
    if gate.outcome == "approved":
        following = upgrade.following_step()
        assert following is not None, "a gate stands before a step"
        return Advance(following)
    return CloseGate(gate.id) if now >= gate.expires_at else Wait(gate.expires_at)
