"""The steps of an upgrade, in one table: what runs, how it is undone, how long it is watched, how often it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bot.context import Context
from bot.phases import back, backup, clone, preflight, retire, shift, soak, upgrade, validate
from bot.reasons import Reason
from bot.settings.policy import PolicyConfig

__all__ = ["Step", "step_named"]


@dataclass(frozen=True, slots=True)
class Step:
    run: Callable[[Context], str | None]
    """Makes it so; returns a note for people. Raises Temporary or Permanent when it cannot."""
    undo: Callable[[Context], None] | None = None
    """Called after a failure, before it is tried again or held."""
    watch: Callable[[PolicyConfig], float] | None = None
    """Seconds to watch before ``run`` draws the conclusion."""
    attempts: int = 6
    """For temporary failures: with the engine's pauses they last about 50 s, as long as a restart of Docker or a router takes."""
    failure: Reason = Reason.STEP_FAILED
    ends_on_failure: bool = False
    """True where nothing was changed yet: the upgrade ends instead of being held."""

    def watch_seconds(self, policy: PolicyConfig) -> float | None:
        return self.watch(policy) if self.watch else None


_STEPS: dict[str, Step] = {
    "preflight": Step(preflight.run, ends_on_failure=True),
    "backup": Step(backup.run),
    "clone": Step(clone.run),
    "upgrade": Step(upgrade.run),
    "validate": Step(validate.run, failure=Reason.VALIDATION),
    "handover": Step(shift.hand_over_to_green, undo=shift.undo_hand_over_to_green),
    "soak": Step(shift.conclude, watch=lambda policy: policy.soak_seconds),
    "drain": Step(soak.drain, failure=Reason.DRAIN),
    "retire": Step(retire.run),
    "back-sessions": Step(back.sessions),
    "back-handover": Step(back.ownership, undo=back.undo_ownership),
    "back-drain": Step(back.drain),
    "back-stop": Step(back.stop_green),
}


def _nothing(_ctx: Context) -> None:
    """A gate's own work is the planner's."""


def step_named(name: str) -> Step:
    """The step with this stored name; gates have no step of their own, the planner opens them."""
    kind, _, value = name.partition("-")
    if kind == "send":
        return Step(partial(shift.send, weight=int(value)))
    if kind == "watch":
        return Step(shift.conclude, watch=lambda policy: policy.observe_seconds)
    if kind == "gate":
        return Step(_nothing)
    return _STEPS[name]
