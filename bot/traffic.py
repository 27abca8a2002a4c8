"""The router as an upgrade sees it: one state, set as a whole, read back, and put right when it was lost."""

from __future__ import annotations

import dataclasses

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.model import Instance, RouterState, Side
from bot.upgrade import Status, Upgrade

__all__ = [
    "alone",
    "expected",
    "forget_green",
    "keep_router",
    "misled",
    "require_answer",
    "router_state",
    "send_back",
    "set_router",
]

CHANGING = ("preflight", "upgrade", "send-", "handover", "back-sessions", "back-handover", "back-stop")
"""While these steps run, the router may be ahead of the stored upgrade."""


def alone(instance: Instance) -> RouterState:
    """What the router should hold when there is one instance only."""
    return RouterState(instance.url, None, 0, Side.BLUE, instance.agent_port, None)


def expected(upgrade: Upgrade | None, running: Instance) -> RouterState | None:
    """What the router should hold now, with the controller's live upgrade; None while a step is changing it."""
    if upgrade is None:
        return alone(running)
    return router_state(upgrade) if _settled(upgrade) else None


def misled(found: RouterState, wanted: RouterState) -> str:
    """A router that is not as it was told, in words with what to do; both differ."""
    if found.blue == wanted.blue:
        return f"somebody changed it: it reports {found}, where it was told {wanted}. Put it back (docs/routers.md)"
    return (
        f"somebody pointed it elsewhere: it leads to {found.blue}, the running instance is {wanted.blue}. Put it back "
        "(docs/routers.md), or, if the other one is the running instance now, name that in `environment.blue`"
    )


def router_state(upgrade: Upgrade) -> RouterState:
    """What the router should hold for this upgrade."""
    green = upgrade.green if upgrade.following else None
    return RouterState(
        blue=upgrade.blue.url,
        green=green.url if green else None,
        weight=upgrade.weight if green else 0,
        owner=upgrade.owner,
        blue_agent_port=upgrade.blue.agent_port,
        green_agent_port=green.agent_port if green else None,
    )


def set_router(ctx: Context, *, weight: int | None = None, owner: Side | None = None) -> None:
    """Set session weight, owner routes or both, and read them back.

    :raises Temporary: when the router reports something else afterwards.
    :raises Interrupted: when told to stop: a rollback that was faster must not be undone.
    """
    with ctx.services.routing:
        ctx.stop.check()
        wanted = _changed(ctx, weight, owner)
        ctx.services.router.apply(wanted)
        _read_back(ctx, wanted)


def require_answer(ctx: Context) -> None:
    """Look whether every part of the router can be told something, before anything waits for it.

    :raises Temporary: when one does not answer.
    """
    try:
        ctx.services.router.read()
    except Permanent:
        return  # it answers; what it has lost, the next change puts right


def send_back(ctx: Context, *, weight: int | None = None, owner: Side | None = None) -> None:
    """As :func:`set_router`, on a way back: what does not answer is named in the thread, and waited for by nobody.

    :raises Temporary: when nothing of the router answers, or it reports something else afterwards.
    """
    with ctx.services.routing:
        _apply_where_possible(ctx, _changed(ctx, weight, owner))


def forget_green(ctx: Context) -> None:
    """The last of the way back: the router knows one instance again.

    :raises Temporary: when nothing of the router answers.
    """
    _apply_where_possible(ctx, alone(ctx.upgrade.blue))


def keep_router(ctx: Context) -> None:
    """Put the router right when it holds something else than it was told: it was restarted, or somebody changed it by hand.

    :raises Temporary: when it does not answer.
    """
    with ctx.services.routing:  # a step that changes the router stores that it has begun, then waits here
        upgrade = ctx.upgrade
        if not _settled(upgrade):
            return
        wanted = router_state(upgrade)
        try:
            found = ctx.services.router.read()
            lost = None if found == wanted else f"It reported {found}."
        except Permanent as error:
            lost = f"It reported: {error}."
        if lost is not None:
            ctx.change("restore-router", lambda: _apply_where_possible(ctx, wanted), again=True)
            key = f"restored-{ctx.clock.now():.0f}"
            ctx.say(
                "The router did not hold what it was told, and was put right.", lost, tone="warning", key=key
            )


def _settled(upgrade: Upgrade) -> bool:
    """Whether the stored upgrade says what the router should hold now. While it retires, green takes blue's place."""
    if not upgrade.live or upgrade.step == "retire":
        return False
    running = upgrade.status in (Status.RUNNING, Status.ROLLING_BACK)
    return not (running and upgrade.step.startswith(CHANGING))


def _changed(ctx: Context, weight: int | None, owner: Side | None) -> RouterState:
    wanted = router_state(ctx.upgrade)
    if weight is not None:
        wanted = dataclasses.replace(wanted, weight=weight)
    if owner is not None:
        wanted = dataclasses.replace(wanted, owner=owner)
    return wanted


def _read_back(ctx: Context, wanted: RouterState) -> None:
    found = ctx.services.router.read()
    if found != wanted:
        raise Temporary(f"the router was told {wanted} but reports {found}")


def _apply_where_possible(ctx: Context, wanted: RouterState) -> None:
    with ctx.services.routing:
        silent = ctx.services.router.apply_where_possible(wanted)
        if not silent:
            _read_back(ctx, wanted)
    if silent:
        ctx.say(
            "A part of the router does not answer. It goes on as it was told before, and is put right when it answers again.",
            *silent,
            tone="bad",
            key="router-part",
        )
