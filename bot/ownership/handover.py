"""The fenced move of ownership from one instance to the other. At every instant at most one side starts builds.

Order: numbers raised ahead of time; hold the old owner; carry the rest; top the numbers up; point the owner routes at the new
owner; give it nodes and clouds; release it; make the old one a follower; relay its queue. Builds still running on the old
owner finish there. Every part is "make it so", so a killed handover is simply made again.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.model import Role, Side
from bot.ownership.boundary import next_safe_moment
from bot.ownership.owned import owned_by
from bot.ownership.places import note_given_out
from bot.ownership.relay import relay
from bot.ownership.roles import busy_jobs, note_owner, release_begun_at, serial_jobs, take_role
from bot.ownership.silence import has_ended, unknown
from bot.ownership.sync import carry_branches, name_what_stays, start_from, sync
from bot.traffic import require_answer, send_back, set_router

__all__ = ["hand_over", "undo_hand_over"]

RELEASE_BEFORE_SECONDS = 2.0
"""The release itself takes a fraction of a second; this much must be left before a minute boundary."""
SLOW_BOOT_SECONDS = 60.0
"""How long the boot of an instance is taken to last whose first answer the bot did not see."""
PENDING_SECONDS = 5.0
"""How long items that were already given to an executor may take to become builds."""


def hand_over(ctx: Context, to: Side) -> float:
    """Make ``to`` the owner; returns the freeze in seconds (0 when it was the owner already)."""
    begun_at = release_begun_at(ctx, to)
    if ctx.upgrade.owner is not to and begun_at is not None and ctx.jenkins(to).guard().role is Role.OWNER:
        # Killed between the release and the note of it: the release counts.
        note_owner(ctx, to, begun_at)
    if ctx.upgrade.owner is not to:
        with ctx.services.ownership:
            ctx.change("raise-numbers", lambda: _raise_numbers(ctx, to), again=True)
            sync(ctx, to.other)
            carry_branches(ctx, to.other)
        if to is Side.GREEN:
            require_answer(ctx)
        _await_window(ctx, to)
        with ctx.services.ownership:
            _move(ctx.unstoppable(), to)
    with ctx.services.ownership:
        _settle(ctx, to)
    return float(ctx.upgrade.facts.get("freeze_seconds", 0.0))


def undo_hand_over(ctx: Context, to: Side) -> None:
    """After a failure: the old owner goes on, unless the new one was released already (then the handover is to be finished)."""
    with ctx.services.ownership:
        if ctx.upgrade.owner is to:
            return
        if ctx.changed_at("release") is not None and _was_released(ctx, to):
            note_owner(ctx, to, ctx.changed_at("release"))
            return
        busy = busy_jobs(ctx, to)
        ctx.change("undo-hold", lambda: take_role(ctx, to.other, Role.OWNER, busy), again=True)
        ctx.change("undo-owner-route", lambda: send_back(ctx, owner=to.other), again=True)
        if ctx.changed_at("nodes") is not None:
            # Agents and clouds of a follower would be in the way of the owner's.
            ctx.change("undo-nodes", lambda: ctx.jenkins(to).withdraw_nodes(), again=True)


def _was_released(ctx: Context, to: Side) -> bool:
    """Whether the new side became owner although its answer was lost.

    :raises Temporary, Permanent: when that cannot be known and green cannot be stopped: then nobody may become owner yet.
    """
    try:
        return ctx.jenkins(to).guard().role is Role.OWNER
    except (Permanent, Temporary):
        if to is Side.BLUE:
            raise
        ctx.change(
            "stop-silent-green", lambda: ctx.services.environment.stop(ctx.upgrade.instance(to)), again=True
        )
        return False


def _await_window(ctx: Context, to: Side) -> None:
    """Wait for a moment well inside a minute, keeping the follower in step meanwhile."""
    booted_at = _cron_made_at(ctx, to)
    while True:
        ctx.stop.check()
        now = ctx.clock.now()
        moment = next_safe_moment(now, booted_at)
        if moment <= now:
            return
        ctx.stop.wait(min(1.0, moment - now))
        with ctx.services.ownership:
            relay(ctx, to)
            sync(ctx, to.other)


def _cron_made_at(ctx: Context, to: Side) -> float:
    """The latest moment at which this side's cron thread can have been made: somewhere in its boot, never after it answered."""
    started_at = ctx.jenkins(to).identity().started_ms / 1000
    upgrade = ctx.upgrade
    answered_at = float(upgrade.facts.get("green_up_at", 0.0)) if to is Side.GREEN else upgrade.created_at
    return answered_at if answered_at >= started_at else started_at + SLOW_BOOT_SECONDS


def _move(ctx: Context, to: Side) -> None:
    """The freeze. Nothing here asks the stop token: it is over in about a second, either way."""
    old, new = to.other, to
    ctx.change("hold", lambda: take_role(ctx, old, Role.HOLDING), again=True)
    held_at = ctx.changed_at("hold", first=True) or ctx.clock.now()
    _await_no_pending(ctx, old)
    busy = serial_jobs(sync(ctx, old).running)
    numbers = ctx.change("top-up-numbers", lambda: _raise_numbers(ctx, new), again=True) or {}
    route = send_back if new is Side.BLUE else set_router
    # Until the new owner is stored, nobody may put the router "right".
    with ctx.services.routing:
        ctx.change("owner-route", lambda: route(ctx, owner=new), again=True)
        ctx.change("nodes", lambda: _give_nodes(ctx, new), again=True)
        # Only after a crash or a hanging call is a minute boundary near: its timers then fire into the held queue and are relayed.
        now = ctx.clock.now()
        ctx.stop.wait(next_safe_moment(now, 0, RELEASE_BEFORE_SECONDS) - now)
        since = ctx.jenkins(new).identity().now_ms
        start_from(ctx, new, since)
        note_given_out(ctx, old, numbers)
        ctx.change("release", lambda: take_role(ctx, new, Role.OWNER, busy), again=True)
        released_at = ctx.clock.now()
        note_owner(ctx, new, released_at, released_at - held_at)


def _give_nodes(ctx: Context, new: Side) -> None:
    ctx.jenkins(new).add_nodes(owned_by(ctx, new, ctx.jenkins(new.other).nodes()))


def _settle(ctx: Context, owner: Side) -> None:
    """Make the old owner a follower and bring over what waits there. Repeated until it has worked."""
    old = owner.other
    ctx.change("follow", lambda: take_role(ctx, old, Role.FOLLOWER))
    try:
        relay(ctx, old)
        # Agents on which builds of the old owner still run keep their connections until those builds have ended (see drain). Its
        # agent port stays open: nothing leads there, and the way back must not depend on whether it is free again.
        ctx.change("withdraw-nodes", lambda: ctx.jenkins(old).withdraw_nodes())
        name_what_stays(ctx, old)
    except (Permanent, Temporary):
        if not has_ended(ctx, old):
            raise
        ctx.say(
            f"{old.value.capitalize()} has ended just after the handover.",
            *unknown(ctx, old),
            tone="bad",
            key="ended",
        )


def _raise_numbers(ctx: Context, to: Side) -> Mapping[str, int]:
    """Returns the next numbers of the other side."""
    wanted = ctx.jenkins(to.other).numbers({})
    reached = ctx.jenkins(to).numbers(wanted)
    low = sorted(job for job, number in wanted.items() if job in reached and reached[job] < number)
    if low:
        raise Permanent(f"next build numbers could not be raised on {to.value} for: {', '.join(low[:5])}")
    absent = sorted(set(wanted) - set(reached))
    if absent:
        # A branch that its folder found just now, or could not load there: the next scan finds it there too.
        text = f"{len(absent)} jobs are on {to.other.value} only: scan their folders on {to.value} after the handover."
        ctx.say(text, *absent[:10], tone="warning", key="absent-jobs")
    return wanted


def _await_no_pending(ctx: Context, side: Side) -> None:
    """An item given to an executor becomes a build and takes a number: only then are the numbers final."""
    deadline = ctx.clock.now() + PENDING_SECONDS
    while ctx.jenkins(side).guard().pending:
        if ctx.clock.now() > deadline:
            raise Temporary(
                f"{side.value} still has builds about to start after {PENDING_SECONDS:.0f} s of holding"
            )
        ctx.stop.wait(0.05)
