"""Keeps a follower without nodes and clouds, which configuration as code brings back at every boot."""

from __future__ import annotations

from bot.context import Context
from bot.model import NodeSet, Side

__all__ = ["withhold"]


def withhold(ctx: Context, side: Side) -> bool:
    """Take nodes and clouds from an instance that boots as a follower; returns whether there were any.

    A node on which a build of its own runs stays until that has ended, and so do the built-in executors of one that was the owner:
    its last builds may ask for them.
    """
    jenkins = ctx.jenkins(side)
    found = jenkins.nodes()
    brought = bool(found.nodes or found.clouds)
    if brought:
        jenkins.withdraw_nodes()
    if found.executors and ctx.upgrade.facts.get("former_owner") != side.value:
        jenkins.add_nodes(NodeSet({}, {}, 0))
    return brought
