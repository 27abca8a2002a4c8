"""Retire: blue is stopped and kept for the retention time; green becomes the controller's only instance."""

from __future__ import annotations

import dataclasses

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.instances import remember, remember_retired
from bot.model import Side
from bot.ownership.relay import relay
from bot.ownership.silence import has_ended, stop_or_name, unknown
from bot.traffic import alone

__all__ = ["run"]


def run(ctx: Context) -> str:
    upgrade = ctx.upgrade
    blue, green = upgrade.blue, upgrade.instance(Side.GREEN)
    with ctx.services.ownership:
        # From now on the router knows one instance again, as blue of the next upgrade; the address behind it does not change.
        ctx.change("settle-router", lambda: _settle(ctx), again=True)
        if upgrade.following:
            # Nobody reaches the old instance any more: what was queued there until now is brought over for the last time.
            _relay_the_last(ctx)
        ctx.change("remember", lambda: remember(ctx.store, upgrade.controller, green, ctx.services.first))
        ctx.update(lambda row: dataclasses.replace(row, following=False))
    ctx.change("stop-blue", lambda: stop_or_name(ctx, Side.BLUE))
    remove_at = ctx.clock.now() + ctx.policy.retention_seconds
    ctx.change("schedule-removal", lambda: remember_retired(ctx.store, upgrade.controller, blue, remove_at))
    ctx.change("prune-backups", lambda: _prune(ctx))
    return f"blue ({upgrade.source}) is stopped; its home is kept until it is removed"


def _relay_the_last(ctx: Context) -> None:
    try:
        relay(ctx, Side.BLUE)
    except (Permanent, Temporary):
        if not has_ended(ctx, Side.BLUE):
            raise
        ctx.say(
            "Blue had ended before it was retired.",
            *unknown(ctx, Side.BLUE),
            tone="warning",
            key="last-relay",
        )


def _settle(ctx: Context) -> None:
    ctx.services.router.apply(alone(ctx.upgrade.instance(Side.GREEN)))


def _prune(ctx: Context) -> None:
    mine = [backup for backup in ctx.services.backups.list() if backup.controller == ctx.upgrade.controller]
    for old in mine[ctx.policy.keep_backups :]:
        ctx.services.backups.remove(old.id)
