"""Shift: sessions move to green in approved steps, ownership in one fenced handover."""

from __future__ import annotations

import dataclasses

from bot.context import Context
from bot.errors import Interrupted
from bot.evidence import gather
from bot.judging import hold_step
from bot.model import Side
from bot.ownership.handover import hand_over, undo_hand_over
from bot.traffic import keep_router, set_router

__all__ = ["conclude", "hand_over_to_green", "send", "undo_hand_over_to_green"]


def send(ctx: Context, weight: int) -> str:
    """Set the session weight; the router is read back."""
    before = ctx.upgrade.weight
    ctx.stop.check()
    ctx.change(
        "weight", lambda: set_router(ctx, weight=weight), again=True, detail={"from": before, "to": weight}
    )
    ctx.update(lambda row: dataclasses.replace(row, weight=weight))
    return f"the router reports {weight}% of new sessions for green (before: {before}%)"


def conclude(ctx: Context) -> str:
    """End of an observation or of the soak: the router still says what it was told, and green does no worse.

    :raises Interrupted: when green does worse: the upgrade is held then, as at any moment before.
    """
    keep_router(ctx)
    upgrade = ctx.upgrade
    record = upgrade.record()
    assert record is not None, "a watched step has a record"
    evidence = gather(ctx, record.started_at)
    if evidence.verdict == "fail":
        hold_step(ctx, upgrade, evidence.reasons)
        raise Interrupted("green does worse than blue")
    return "; ".join(evidence.reasons)


def hand_over_to_green(ctx: Context) -> str:
    freeze = hand_over(ctx, Side.GREEN)
    return f"green owns builds, timers and agents; new builds waited {freeze:.2f} s"


def undo_hand_over_to_green(ctx: Context) -> None:
    undo_hand_over(ctx, Side.GREEN)
