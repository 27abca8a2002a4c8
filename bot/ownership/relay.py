"""Re-submits on the owner what a user or webhook queued on the follower: once, also when the bot dies in between."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bot.context import Context
from bot.errors import Permanent
from bot.model import QueueItem, Side, Submission
from bot.ownership.boundary import cutoff_of_old_timers

__all__ = ["relay"]

BATCH = 50
"""So many items are journalled as one change: what waits must not wait for the journal."""


def relay(ctx: Context, source: Side) -> int:
    """Move what waits in the queue of ``source`` (the follower) to the owner; returns how many items were moved.

    What a Pipeline that still runs there waits for stays, and is named.
    """
    follower = ctx.jenkins(source)
    items = follower.queue()
    # Its own guard refuses timers; one that slipped through fires on the owner as well.
    strays = [item for item in items if item.timer and not _fired_as_owner(ctx, source, item)]
    if strays:
        ids = [item.id for item in strays]
        ctx.change(
            "drop-timer",
            lambda: follower.cancel(ids),
            again=True,
            detail={"jobs": [item.job for item in strays]},
        )
    awaited = [item for item in items if item not in strays and item.awaited_by]
    for item in awaited:
        _say_awaited(ctx, source, item)
    wanted = [item for item in items if item not in strays and item not in awaited]
    moved = 0
    for start in range(0, len(wanted), BATCH):
        ctx.stop.check()
        batch = {_relay_id(ctx, source, item): item for item in wanted[start : start + BATCH]}
        detail = {"jobs": [item.job for item in batch.values()], "relays": list(batch)}
        moved += ctx.change("relay", partial(_move, ctx, source, batch), again=True, detail=detail) or 0
    return moved


def _move(ctx: Context, source: Side, batch: Mapping[str, QueueItem]) -> int:
    """Submit each, then cancel those that the owner has: an item is never in neither queue, and its id keeps it from being in both."""
    taken: list[int] = []
    try:
        for name, item in batch.items():
            submission = _submit(ctx, source, item, name)
            if submission.outcome in ("submitted", "exists"):
                taken.append(item.id)
            else:
                ctx.say(
                    f"A queued build of `{item.job}` stays on {source.value}: {submission.outcome} ({submission.detail or 'no detail'}).",
                    "It is not lost: start it again by hand, or cancel it there.",
                    tone="warning",
                    key=f"relay-{name}",
                )
    finally:
        # Also when the owner stops answering in the middle.
        ctx.jenkins(source).cancel(taken)
    return len(taken)


def _submit(ctx: Context, source: Side, item: QueueItem, relay: str) -> Submission:
    origin = f"queued on {source.value}: {item.who}" if item.who else f"queued on {source.value}"
    try:
        return ctx.jenkins(source.other).submit(item, relay, origin)
    except Permanent as error:
        # Such as one that is too large for a request: it keeps none of the others from being moved.
        return Submission("failed", str(error))


def _say_awaited(ctx: Context, source: Side, item: QueueItem) -> None:
    """Cancelled here, the item fails the Pipeline at once; started here, its build would take a number that the owner gives out too."""
    ctx.say(
        f"`{item.awaited_by}` still runs on {source.value} and waits for a build of `{item.job}`, which neither side can start for it.",
        f"Abort `{item.awaited_by}` on {source.value} and start it again, or cancel the queued build there: its `build` step then fails.",
        tone="warning",
        key=f"awaited-{item.id}",
    )


def _relay_id(ctx: Context, source: Side, item: QueueItem) -> str:
    """Names one queueing for ever; searched for on the owner before anything is sent again."""
    return f"{ctx.id}-{source.value}-{item.id}-{item.since_ms}"


def _fired_as_owner(ctx: Context, source: Side, item: QueueItem) -> bool:
    """Whether ``source`` was the owner when this timer fired on it."""
    released_at = ctx.upgrade.facts.get("released_at")
    if released_at is None or ctx.upgrade.facts.get("former_owner") != source.value:
        return False
    return item.since_ms / 1000 < cutoff_of_old_timers(released_at)
