"""What a verdict does: a green that does worse than blue holds the upgrade, and its sessions go back to blue."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from bot.context import Context
from bot.errors import Conflict
from bot.evidence import look
from bot.gates import Gates, evidence_since
from bot.model import Side
from bot.reasons import Reason
from bot.store import Entry
from bot.traffic import keep_router, send_back
from bot.upgrade import Gate, Hold, Status, StepState, Upgrade
from bot.verdicts import worse

__all__ = ["hold_step", "judge_now"]


def judge_now(ctx: Context, gates: Gates) -> bool:
    """After each sample; True when the upgrade is to be looked at again.

    While everything runs on green, while a gate waits, and while it is held with people on green.
    """
    upgrade = ctx.upgrade
    gate = ctx.store.newest_gate(upgrade.id, upgrade.step)
    if upgrade.status is Status.WAITING and gate is not None and gate.outcome is None:
        return _judge_gate(ctx, upgrade, gate, gates)
    since = _judged_since(upgrade)
    if since is None:
        return False
    verdict = look(ctx, since)
    return verdict.kind == "fail" and hold_step(ctx, upgrade, verdict.reasons)


def _judged_since(upgrade: Upgrade) -> float | None:
    """The beginning of what counts for a step that is judged all the time; None for others."""
    record, hold = upgrade.record(), upgrade.hold
    if upgrade.status is Status.HELD and hold is not None and hold.reason is not Reason.VERDICT:
        # Whoever held it may be asleep; what can be done for people is to send them back.
        return hold.at if upgrade.weight > 0 and upgrade.owner is Side.BLUE else None
    if upgrade.status is not Status.RUNNING or record is None or record.state is not StepState.RUNNING:
        return None
    return record.started_at if record.until is not None or upgrade.step == "drain" else None


def hold_step(ctx: Context, upgrade: Upgrade, reasons: Sequence[str]) -> bool:
    """Hold it at its step; False when somebody changed the upgrade meanwhile."""

    def save(hold: Hold, weight: int) -> None:
        held = dataclasses.replace(upgrade, status=Status.HELD, weight=weight, hold=hold)
        entry = Entry(ctx.id, hold.at, "event", upgrade.step, 1, "held", None, {"why": hold.text})
        ctx.announcer.held(ctx.store.save(held, entry))

    return _hold_back(ctx, upgrade, reasons, save)


def _judge_gate(ctx: Context, upgrade: Upgrade, gate: Gate, gates: Gates) -> bool:
    """A card must not go on saying what is no longer so. It is replaced only by a worse one, so this is never noisy."""
    verdict = look(ctx, evidence_since(upgrade))
    if not worse(verdict.kind, gate.verdict):
        return False
    used = upgrade.weight > 0 or upgrade.owner is Side.GREEN
    if verdict.kind == "fail" and used:

        def save(hold: Hold, weight: int) -> None:
            gates.decide(gate, "superseded", None, hold.text, hold=hold, weight=weight)

        return _hold_back(ctx, upgrade, verdict.reasons, save)
    try:
        gates.decide(gate, "superseded", None, "The figures became worse: " + "; ".join(verdict.reasons))
    except Conflict:
        return False  # a human was faster
    return True


def _hold_back(
    ctx: Context, upgrade: Upgrade, reasons: Sequence[str], save: Callable[[Hold, int], None]
) -> bool:
    """``save`` is given the hold and the session weight that is in force by then."""
    text = "Green does worse than blue: " + "; ".join(reasons)
    if upgrade.hold is not None:
        text += f". It was held before: {upgrade.hold.text}"
    # Sessions go back only while blue still owns the builds: after the handover people would look at a follower.
    back = ctx.config.thresholds.move_back_on_fail and upgrade.owner is Side.BLUE and upgrade.weight > 0
    with ctx.services.routing:  # until the weight is stored, the router is not to be put "right"
        if back:
            ctx.change("move-back", lambda: send_back(ctx, weight=0), again=True)
        try:
            save(Hold(Reason.VERDICT, text, ctx.clock.now()), 0 if back else upgrade.weight)
        except Conflict:
            if back:
                keep_router(ctx)
            return False
    return True
