"""Rollback: users are back on blue first, ownership next, everything else after. Nothing that ran on green is lost."""

from __future__ import annotations

import dataclasses

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.instances import remember_retired
from bot.locks import Lock
from bot.model import Role, Side
from bot.ownership.drain import StillRunning, await_drained
from bot.ownership.handover import hand_over, undo_hand_over
from bot.ownership.relay import relay
from bot.ownership.roles import keep_roles, release_begun_at, take_role
from bot.ownership.silence import answers, stop_or_name, unknown
from bot.ownership.takeover import take_over
from bot.phases.clone import green_name
from bot.traffic import forget_green, send_back

__all__ = ["drain", "ownership", "sessions", "stop_green", "undo_ownership"]

HANDOVER_ATTEMPTS = 4
"""For a handover from a green that answers; with the engine's pauses they last about 20 s, then blue takes over."""
FREE_BYTES = 64 * 1024**2
"""With less, a disk counts as full."""
DRAIN_SILENCE_SECONDS = 60.0
"""Blue owns the builds already: a green that has gone silent may come back to the builds that it still runs."""


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
    if not answers(ctx, Side.GREEN):
        return _without_green(ctx)
    if ctx.attempt > HANDOVER_ATTEMPTS:
        _require_way_back(ctx)
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


def _require_way_back(ctx: Context) -> None:
    """Green answers and cannot be worked with. Where blue or the router is at fault, nothing would be gained without it.

    :raises Temporary, Permanent: then blue could not take over.
    """
    if ctx.jenkins(Side.BLUE).identity().free_disk_bytes < FREE_BYTES:
        raise Temporary("blue's disk is full: free some space, then it takes over")
    ctx.change("router-answers", lambda: send_back(ctx), again=True)


def _without_green(ctx: Context) -> str:
    """Green is stopped first, so that there is never a second owner."""
    with ctx.services.ownership:
        if _green_may_own(ctx):
            note = take_over(ctx)
        else:
            green, lines = ctx.upgrade.instance(Side.GREEN), unknown(ctx, Side.GREEN)
            ctx.change("stop-silent-green", lambda: ctx.services.environment.stop(green), again=True)
            _make_blue_owner(ctx)
            ctx.say(
                "Green could not be worked with any more and was stopped.", *lines, tone="bad", key="without"
            )
            note = "blue owns the builds; green was stopped without being asked for what was left there"
        # Nothing is left to follow: no relay, no sync, no drain.
        ctx.update(lambda row: dataclasses.replace(row, owner=Side.BLUE, following=False))
    return note


def _green_may_own(ctx: Context) -> bool:
    """Also where the bot was killed just after it told green to own the builds: then nobody has told blue to go on."""
    if ctx.upgrade.owner is Side.GREEN:
        return True
    begun = release_begun_at(ctx, Side.GREEN) is not None
    return begun and ctx.jenkins(Side.BLUE).guard().role is not Role.OWNER


def _make_blue_owner(ctx: Context) -> None:
    """A handover may have been cut short: blue must not go on holding, nor wait for builds of a green that is gone."""
    ctx.change("release-blue", lambda: take_role(ctx, Side.BLUE, Role.OWNER), again=True)
    ctx.change("owner-route", lambda: send_back(ctx, owner=Side.BLUE), again=True)


def undo_ownership(ctx: Context) -> None:
    if ctx.upgrade.following:
        undo_hand_over(ctx, Side.BLUE)


def drain(ctx: Context) -> str:
    if not ctx.upgrade.following or ctx.upgrade.facts.get("former_owner") != Side.GREEN.value:
        return "nothing ran on green"
    try:
        return await_drained(ctx)
    except StillRunning:
        raise
    except (Permanent, Temporary):
        if answers(ctx, Side.GREEN, DRAIN_SILENCE_SECONDS):
            raise
    return _without_green(ctx)


def stop_green(ctx: Context) -> str:
    upgrade = ctx.upgrade
    ctx.change("lock", lambda: _lock(ctx))
    green = upgrade.green
    if green is None:
        return _nothing_half_made(ctx)
    with ctx.services.ownership:
        ctx.change("forget-green", lambda: forget_green(ctx), again=True)
        if upgrade.following:
            # Nobody reaches green any more: what was queued there until now is brought over for the last time.
            _relay_the_last(ctx)
        ctx.update(lambda row: dataclasses.replace(row, following=False))
    ctx.change("stop-green", lambda: stop_or_name(ctx, Side.GREEN), again=True)
    remove_at = ctx.clock.now() + ctx.policy.retention_seconds
    ctx.change("schedule-removal", lambda: remember_retired(ctx.store, upgrade.controller, green, remove_at))
    return "green is stopped; its home is kept for a look until the retention time is over"


def _nothing_half_made(ctx: Context) -> str:
    """A bot that was killed while it made green has not noted what it made: what carries green's name is removed."""
    upgrade, environment = ctx.upgrade, ctx.services.environment
    begun = any((e.step, e.kind, e.name) == ("clone", "intent", "create") for e in ctx.store.journal(ctx.id))
    if not begun:
        return "green was never made"
    name = green_name(upgrade)

    def remove() -> None:
        # The same name again returns the same one.
        environment.remove(environment.create(name, upgrade.blue, upgrade.target, ctx.id))

    try:
        ctx.change("remove-half-made", remove, again=True)
    except Permanent as error:
        ctx.say(
            f"Something named {name} may be left: look for it.", str(error), tone="warning", key="half-made"
        )
    return "green was not made to the end; nothing of it is kept"


def _relay_the_last(ctx: Context) -> None:
    try:
        relay(ctx, Side.GREEN)
    except (Permanent, Temporary):
        if answers(ctx, Side.GREEN):
            raise
        ctx.say(
            "Green does not answer any more.", *unknown(ctx, Side.GREEN), tone="warning", key="last-relay"
        )


def _lock(ctx: Context) -> None:
    """What made people go back should be understood before anybody tries again."""
    upgrade = ctx.upgrade
    if upgrade.facts.get("aborted"):
        return
    reason = f"the upgrade {upgrade.id} to {upgrade.target} was rolled back"
    ctx.store.add_lock(Lock(upgrade.controller, reason, ctx.clock.now(), upgrade=upgrade.id))
