"""How commands are asked: who, where, with which words. Slack handlers and the command line both call this, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.content import Notice

__all__ = ["Actor", "Commands"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, and where."""

    id: str
    """Slack user id."""
    name: str
    channel: str
    """Channel or direct message id where it was asked."""


class Commands(Protocol):
    def run(self, text: str, actor: Actor) -> Notice:
        """Take the text after ``/ci-upgrade``. Never raises: a refusal is a notice that says what to do."""

    def click(self, action: str, value: str, actor: Actor) -> Notice | None:
        """Take a button click; None when the card itself tells the outcome. Never raises."""
