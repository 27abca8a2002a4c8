"""An instance that cannot be worked with any more: whether that is so, and what nobody can know about it then."""

from __future__ import annotations

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.model import Side
from bot.ownership.sync import last_running

__all__ = ["answers", "has_ended", "stop_or_name", "unknown"]

SILENCE_SECONDS = 3.0
"""So long without a usable answer, and an instance counts as dead where users wait for it."""
UNREACHABLE_SECONDS = 60.0
"""As long as a network or a machine may be away for a moment."""
NAMED = 10
"""So many builds are named in a message."""


def answers(ctx: Context, side: Side, patience: float = SILENCE_SECONDS) -> bool:
    """Whether this side still says which role it has; ``patience`` in seconds, because a short hiccup is waited for.

    One whose scripts fail or that refuses the bot is as silent as one that is down.
    """
    deadline = ctx.clock.now() + patience
    while True:
        try:
            ctx.jenkins(side).guard()
        except (Permanent, Temporary):
            if ctx.clock.now() >= deadline:
                return False
            ctx.stop.wait(1.0)
        else:
            return True


def has_ended(ctx: Context, side: Side) -> bool:
    """Whether a side is silent because it does not run any more. So it counts, too, when its machine stays silent as well."""
    if answers(ctx, side):
        return False
    try:
        return not ctx.services.environment.state(ctx.upgrade.instance(side)).running
    except (Permanent, Temporary):
        return not answers(ctx, side, UNREACHABLE_SECONDS)


def stop_or_name(ctx: Context, side: Side) -> None:
    """Stop a follower. On a machine that does not answer it is left to a human: when it comes back, its guard is still there.

    :raises Temporary, Permanent: when it runs and cannot be stopped.
    """
    instance = ctx.upgrade.instance(side)
    try:
        ctx.services.environment.stop(instance)
    except (Permanent, Temporary) as error:
        if not has_ended(ctx, side):
            raise
        ctx.say(
            f"{side.value.capitalize()} does not answer and could not be stopped: see that {instance.name} stays down.",
            str(error),
            tone="bad",
            key="not-stopped",
        )


def unknown(ctx: Context, side: Side) -> list[str]:
    """What a human has to look at when a side is gone on without."""
    running = last_running(ctx, side)
    home = ctx.upgrade.instance(side).home
    lines = [
        f"`{build.job} #{build.number}` ran there when it was looked at last: look for its end in {home}, or start it again."
        for build in running[:NAMED]
    ]
    if len(running) > NAMED:
        lines.append(f"So did {len(running) - NAMED} more.")
    return [*lines, "What waited in its queue since then could not be asked for."]
