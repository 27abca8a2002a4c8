"""Which instance owns the builds, as stored and as in force: taken, noted, and put right when a handover was cut short."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.model import Role, RunningBuild, Side
from bot.ownership.sync import running_builds

__all__ = ["busy_jobs", "keep_roles", "note_owner", "release_begun_at", "serial_jobs", "take_role"]

_NEW_OWNER = {"handover": Side.GREEN, "back-handover": Side.BLUE}
"""Step → whom it releases."""


def take_role(ctx: Context, side: Side, role: Role, busy: Sequence[str] = ()) -> None:
    """:raises Permanent: when another role is in force afterwards."""
    state = ctx.jenkins(side).take_role(role, ctx.id, busy)
    if state.role is not role:
        raise Permanent(f"{side.value} was told to be {role.value} but says it is {state.role.value}")


def note_owner(
    ctx: Context, owner: Side, released_at: float | None = None, freeze: float | None = None
) -> None:
    """``released_at`` in epoch seconds (None: now), ``freeze`` in seconds (None: not measured)."""
    released = released_at or ctx.clock.now()
    facts = {"released_at": released, "former_owner": owner.other.value}
    if freeze is not None:
        facts["freeze_seconds"] = round(freeze, 2)
    ctx.update(lambda upgrade: dataclasses.replace(upgrade, owner=owner).with_facts(**facts))


def serial_jobs(running: Sequence[RunningBuild]) -> list[str]:
    """Jobs of which no second build may run meanwhile."""
    return sorted({build.job for build in running if build.serial})


def busy_jobs(ctx: Context, old: Side) -> list[str]:
    """Serial jobs that the former owner still runs; none where it does not answer."""
    if ctx.upgrade.facts.get("former_owner") != old.value:
        return []
    try:
        return serial_jobs(running_builds(ctx, old))
    except (Permanent, Temporary):
        return []


def keep_roles(ctx: Context) -> None:
    """See that the stored owner is the owner and the other one a follower.

    Nothing else may be moving ownership meanwhile (``ctx.services.ownership``).

    :raises Temporary, Permanent: when a side does not answer; where it may have been released, nobody else becomes owner then.
    """
    owner = ctx.upgrade.owner
    if ctx.jenkins(owner).guard().role is not Role.OWNER:
        owner = _end_of_cut_short(ctx, owner)
    follower = owner.other
    if ctx.jenkins(follower).guard().role is not Role.FOLLOWER:
        ctx.change("guard-again", lambda: take_role(ctx, follower, Role.FOLLOWER), again=True)
        text = f"{follower.value} had lost its guard (a restart?) and was fenced again."
        ctx.say(text, tone="warning", key="guard-again")


def release_begun_at(ctx: Context, side: Side) -> float | None:
    """When this side was to be released (epoch seconds), if that was the last move of ownership; None otherwise.

    Whether it was, only the side itself can say.
    """
    moves = [e for e in ctx.store.journal(ctx.id) if e.kind == "intent" and e.name in ("hold", "release")]
    begun = bool(moves) and moves[-1].name == "release" and _NEW_OWNER.get(moves[-1].step) is side
    return moves[-1].at if begun else None


def _end_of_cut_short(ctx: Context, owner: Side) -> Side:
    """The stored owner holds its builds back: either the other one was released already, or it goes on itself. Returns the owner."""
    begun_at = release_begun_at(ctx, owner.other)
    if begun_at is not None and ctx.jenkins(owner.other).guard().role is Role.OWNER:
        note_owner(ctx, owner.other, begun_at)
        return owner.other
    busy = busy_jobs(ctx, owner.other)
    ctx.change("owner-again", lambda: take_role(ctx, owner, Role.OWNER, busy), again=True)
    text = f"{owner.value.capitalize()} was still holding new builds back after a handover that was cut short; it goes on as the owner."
    ctx.say(text, tone="warning", key="owner-again")
    return owner
