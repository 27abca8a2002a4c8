"""Leads an upgrade to a step, approving what is asked before it."""

from __future__ import annotations

from bot.upgrade import Gate
from tests.fakes.world import ANN, BOB, Bot

__all__ = ["lead_to"]

LIMIT = 400
"""Rounds of a second."""


def lead_to(bot: Bot, step: str) -> Gate | None:
    """Start an upgrade and go on until it is at this step; returns the open gate where the step is one."""
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(LIMIT):
        upgrade = bot.upgrade()
        gate = bot.store.newest_gate(upgrade.id, upgrade.step)
        asked = gate is not None and gate.outcome is None
        if upgrade.step == step and (asked or not step.startswith("gate-")):
            return gate
        if asked:
            bot.commands.run("approve main", BOB)
        bot.settle(1.0)
    raise AssertionError(f"never came to {step}: {bot.upgrade().step} {bot.upgrade().hold}")
