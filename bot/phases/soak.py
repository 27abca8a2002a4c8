"""End of the soak: everything runs on green, and blue stays as a follower, ready to take over again, while its last builds end."""

from __future__ import annotations

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.model import Role, Side
from bot.ownership.drain import StillRunning, await_drained
from bot.ownership.roles import take_role
from bot.ownership.silence import has_ended, unknown

__all__ = ["drain"]


def drain(ctx: Context) -> str:
    """Builds that were running at the handover finish on blue; what outlives the drain time is a human's decision."""
    try:
        return await_drained(ctx)
    except StillRunning:
        raise
    except (Permanent, Temporary):
        if not has_ended(ctx, Side.BLUE):
            raise
    with ctx.services.ownership:
        ctx.change("busy-jobs", lambda: take_role(ctx, Side.GREEN, Role.OWNER), again=True)
    ctx.say("Blue has ended: it cannot take over again.", *unknown(ctx, Side.BLUE), tone="bad", key="ended")
    return "blue has ended; nothing is waited for there"
