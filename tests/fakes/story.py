"""How far an upgrade is led, and what its thread has said by then."""

from __future__ import annotations

import pytest

from bot.content import Entry
from tests.fakes.world import ANN, BOB, Bot

__all__ = ["lead_to", "run_to", "said"]


def run_to(bot: Bot, step: str) -> None:
    """Start an upgrade and approve until it is at that step."""
    bot.commands.run("start main 2.516.3", ANN)
    lead_to(bot, step)


def lead_to(bot: Bot, step: str) -> None:
    """Approve until it is at that step."""
    for _ in range(400):
        if bot.upgrade().step == step:
            return
        bot.settle(1.0)
        gate = bot.store.newest_gate(bot.upgrade().id, bot.upgrade().step)
        if gate is not None and gate.outcome is None and bot.upgrade().step != step:
            bot.commands.run("approve main", BOB)
    pytest.fail(f"never came to {step}: {bot.upgrade().step} {bot.upgrade().hold}")


def said(bot: Bot) -> str:
    """Every entry of the thread."""
    entries = [content for content in bot.shown().values() if isinstance(content, Entry)]
    return "\n".join("\n".join((entry.text, *entry.lines)) for entry in entries)
