"""Re-submits on the owner what a user or webhook queued on the follower: once, also when the bot dies in between."""

from __future__ import annotations

from functools import partial

from bot.context import Context
from bot.model import QueueItem, Side
from bot.ownership.boundary import cutoff_of_old_timers

__all__ = ["relay"]


def relay(ctx: Context, source: Side) -> int:
    """Move everything that waits in the queue of ``source`` (the follower) to the owner; returns how many items were moved."""
    follower, owner = ctx.jenkins(source), ctx.jenkins(source.other)
    moved = 0
    for item in follower.queue():
        ctx.stop.check()
        if item.timer and not _fired_as_owner(ctx, source, item):
            # Its own guard refuses timers; one that slipped through fires on the owner as well.
            ctx.change(
                "drop-timer", partial(follower.cancel, [item.id]), again=True, detail={"job": item.job}
            )
            continue
        name = f"{ctx.id}-{source.value}-{item.id}-{item.since_ms}"
        origin = f"queued on {source.value}: {item.who}" if item.who else f"queued on {source.value}"

        def move(item: QueueItem = item, name: str = name, origin: str = origin) -> bool:
            submission = owner.submit(item, name, origin)
            if submission.outcome in ("submitted", "exists"):
                follower.cancel([item.id])
                return True
            ctx.say(
                f"A queued build of `{item.job}` stays on {source.value}: {submission.outcome} ({submission.detail or 'no detail'}).",
                "It is not lost: start it again by hand, or cancel it there.",
                tone="warning",
                key=f"relay-{name}",
            )
            return False

        moved += bool(ctx.change("relay", move, again=True, detail={"job": item.job, "relay": name}))
    return moved


def _fired_as_owner(ctx: Context, source: Side, item: QueueItem) -> bool:
    """Whether ``source`` was the owner when this timer fired on it."""
    released_at = ctx.upgrade.facts.get("released_at")
    if released_at is None or ctx.upgrade.facts.get("former_owner") != source.value:
        return False
    return item.since_ms / 1000 < cutoff_of_old_timers(released_at)
