"""How long the phases will take: by what the controller's earlier upgrades took, and by the policy. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.settings.policy import PolicyConfig
from bot.upgrade import StepState, Upgrade
from bot.upgrade_plan.records import Estimate

__all__ = ["estimate"]

_MEASURED = ("preflight", "backup", "clone", "upgrade", "validate", "handover", "retire")


def estimate(policy: PolicyConfig, past: Sequence[Upgrade]) -> Iterator[Estimate]:
    """``past``: the controller's upgrades, newest first. Waiting for approvals comes on top."""
    for step in _MEASURED:
        done = [
            record
            for upgrade in past
            if (record := upgrade.record(step)) is not None
            and record.state is StepState.DONE
            and record.ended_at is not None
        ]
        if done:
            newest = done[0]
            assert newest.ended_at is not None, "a done step has an end"
            yield Estimate(step, round(newest.ended_at - newest.started_at, 1), "as in the last upgrade")
        else:
            yield Estimate(step, None, "known after the first upgrade")
    yield Estimate(
        "shift",
        policy.observe_seconds * len(policy.traffic),
        f"{len(policy.traffic)} steps of {policy.observe_seconds:.0f} s each",
    )
    yield Estimate("soak", policy.soak_seconds, "as configured")
