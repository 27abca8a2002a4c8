"""End of the soak: everything runs on green, and blue stays as a follower, ready to take over again, while its last builds end."""

from __future__ import annotations

from bot.context import Context
from bot.ownership.drain import await_drained

__all__ = ["drain"]


def drain(ctx: Context) -> str:
    """Builds that were running at the handover finish on blue; what outlives the drain time is a human's decision."""
    return await_drained(ctx)
