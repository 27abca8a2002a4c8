"""What only the owner has, as this side is to have it: blue's own figures, from before anything was changed."""

from __future__ import annotations

import dataclasses

from bot.context import Context
from bot.model import NodeSet, Side

__all__ = ["owned_by"]


def owned_by(ctx: Context, side: Side, nodes: NodeSet) -> NodeSet:
    """These nodes and clouds, with built-in executors and the agent port.

    A follower has neither, and an old owner keeps its executors while its builds finish: so both come from the facts of preflight.
    """
    facts = ctx.upgrade.facts
    port = facts.get("agent_port")
    if port is not None and side is Side.GREEN:
        port = ctx.services.environment.agent_port(ctx.upgrade.instance(side), int(port))
    return dataclasses.replace(nodes, executors=int(facts.get("executors", nodes.executors)), agent_port=port)
