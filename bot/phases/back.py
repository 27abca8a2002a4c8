"""Rollback: users are back on blue first, ownership next, everything else after. Nothing that ran on green is lost."""

from __future__ import annotations

import dataclasses

from bot.context import Context
from bot.errors import Temporary
from bot.instances import remember_retired
from bot.locks import Lock
from bot.model import Role, Side
from bot.ownership.drain import await_drained
from bot.ownership.handover import hand_over, undo_hand_over
from bot.ownership.relay import relay
from bot.ownership.roles import keep_roles, take_role
from bot.ownership.takeover import take_over
from bot.traffic import forget_green, send_back

__all__ = ["drain", "ownership", "sessions", "stop_green", "undo_ownership"]

SILENCE_ROUNDS = 3
"""Seconds of silence after which green counts as dead."""


def sessions(ctx: Context) -> str:
    """All sessions to blue, at once; existing ones too, because green's weight becomes 0."""
    if not ctx.upgrade.following:
        return "no session was on green"
    ctx.change("sessions", lambda: send_back(ctx, weight=0), again=True)
    ctx.update(lambda row: dataclasses.replace(row, weight=0))
    return "the router reports 0% for green"


def ownership(ctx: Context) -> str:
    upgrade = ctx.upgrade
    if upgrade.green is None or not upgrade.following:
        return "blue owned the builds all the time"
    if not _answers(ctx):
        return _without_green(ctx)
    if upgrade.owner is Side.BLUE:
        with ctx.services.ownership:
            keep_roles(ctx)
    if ctx.upgrade.owner is Side.GREEN:
        freeze = hand_over(ctx, Side.BLUE)
        return f"blue owns builds, timers and agents again; new builds waited {freeze:.2f} s"
    with ctx.services.ownership:
        _make_blue_owner(ctx)
        moved = relay(ctx, Side.GREEN)
    return f"blue owned the builds all the time; {moved} queued items were brought over"


def _answers(ctx: Context) -> bool:
    """Whether green can still be asked; a short hiccup is waited for."""
    for _ in range(SILENCE_ROUNDS):
        try:
            ctx.jenkins(Side.GREEN).guard()
        except Temporary:
            ctx.stop.wait(1.0)
        else:
            return True
    return False


def _without_green(ctx: Context) -> str:
    with ctx.services.ownership:
        if ctx.upgrade.owner is Side.GREEN:
            note = take_over(ctx)
        else:
            green = ctx.upgrade.instance(Side.GREEN)
            ctx.change("stop-silent-green", lambda: ctx.services.environment.stop(green), again=True)
            _make_blue_owner(ctx)
            note = "blue owned the builds all the time; green did not answer, so what was queued there could not be asked for"
        # Nothing is left to follow: no relay, no sync, no drain.
        ctx.update(lambda row: dataclasses.replace(row, owner=Side.BLUE, following=False))
    return note


def _make_blue_owner(ctx: Context) -> None:
    """A handover may have been cut short: blue must not go on holding."""
    ctx.change("release-blue", lambda: take_role(ctx, Side.BLUE, Role.OWNER), again=True)
    ctx.change("owner-route", lambda: send_back(ctx, owner=Side.BLUE), again=True)


def undo_ownership(ctx: Context) -> None:
    if ctx.upgrade.following:
        undo_hand_over(ctx, Side.BLUE)


def drain(ctx: Context) -> str:
    if not ctx.upgrade.following or ctx.upgrade.facts.get("former_owner") != Side.GREEN.value:
        return "nothing ran on green"
    return await_drained(ctx)


def stop_green(ctx: Context) -> str:
    upgrade = ctx.upgrade
    ctx.change("lock", lambda: _lock(ctx))
    green = upgrade.green
    if green is None:
        return "green was never made"
    with ctx.services.ownership:
        ctx.change("forget-green", lambda: forget_green(ctx), again=True)
        if upgrade.following:
            # Nobody reaches green any more: what was queued there until now is brought over for the last time.
            relay(ctx, Side.GREEN)
        ctx.update(lambda row: dataclasses.replace(row, following=False))
    ctx.change("stop-green", lambda: ctx.services.environment.stop(green), again=True)
    remove_at = ctx.clock.now() + ctx.policy.retention_seconds
    ctx.change("schedule-removal", lambda: remember_retired(ctx.store, upgrade.controller, green, remove_at))
    return "green is stopped; its home is kept for a look until the retention time is over"


def _lock(ctx: Context) -> None:
    """What made people go back should be understood before anybody tries again."""
    upgrade = ctx.upgrade
    if upgrade.facts.get("aborted"):
        return
    reason = f"the upgrade {upgrade.id} to {upgrade.target} was rolled back"
    ctx.store.add_lock(Lock(upgrade.controller, reason, ctx.clock.now(), upgrade=upgrade.id))
