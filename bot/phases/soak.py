"""Soak: everything runs on green; blue stays as a follower, ready to take over again. Then blue's last builds end."""

from __future__ import annotations

from bot.context import Context
from bot.errors import Permanent
from bot.evidence import gather
from bot.ownership.sync import running_builds

__all__ = ["await_drained", "drain", "run"]


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


def await_drained(ctx: Context) -> str:
    """Wait until the follower runs no build of its own any more and all of them were carried to the owner.

    :raises Permanent: when builds outlive the drain time; the text names them.
    """
    released_at = float(ctx.upgrade.facts.get("released_at", ctx.clock.now()))
    old = ctx.upgrade.owner.other
    deadline = max(released_at + ctx.policy.drain_seconds, ctx.clock.now())
    while True:
        with ctx.services.ownership:
            running = running_builds(ctx, old)
        if not running:
            return f"no build runs on {old.value} any more"
        if ctx.clock.now() > deadline:
            names = ", ".join(f"{build.job} #{build.number}" for build in running[:5])
            raise Permanent(
                f"{len(running)} builds still run on {old.value} after the drain time: {names}. Resume to wait again, or abort them there."
            )
        ctx.stop.wait(0.5)
