"""Soak: everything runs on green; blue stays as a follower, ready to take over again. Then blue's last builds end."""

from __future__ import annotations

from bot.context import Context
from bot.errors import Permanent
from bot.evidence import gather
from bot.ownership.drain import await_drained

__all__ = ["drain", "run"]


def run(ctx: Context) -> str:
    record = ctx.upgrade.record()
    assert record is not None, "a watched step has a record"
    evidence = gather(ctx, record.started_at)
    if evidence.verdict == "fail":
        raise Permanent("green does worse than blue: " + "; ".join(evidence.reasons))
    return "; ".join(evidence.reasons)


def drain(ctx: Context) -> str:
    """Builds that were running at the handover finish on blue; what outlives the drain time is a human's decision."""
    return await_drained(ctx)
