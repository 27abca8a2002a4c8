"""The router as an upgrade sees it: one state, set as a whole and read back."""

from __future__ import annotations

import dataclasses

from bot.context import Context
from bot.errors import Temporary
from bot.model import RouterState, Side
from bot.upgrade import Upgrade

__all__ = ["router_state", "set_router"]


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
    """
    wanted = router_state(ctx.upgrade)
    if weight is not None:
        wanted = dataclasses.replace(wanted, weight=weight)
    if owner is not None:
        wanted = dataclasses.replace(wanted, owner=owner)
    ctx.services.router.apply(wanted)
    found = ctx.services.router.read()
    if found != wanted:
        raise Temporary(f"the router was told {wanted} but reports {found}")
