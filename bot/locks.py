"""Locks: a controller whose upgrades may not start until somebody unlocks it. Rolling back and holding are never locked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.when import moment_text

if TYPE_CHECKING:
    from bot.store import Entry

__all__ = ["Lock", "Locks", "lock_text"]


@dataclass(frozen=True, slots=True)
class Lock:
    controller: str
    reason: str
    at: float
    by: str | None = None
    """User id; None: the bot itself, after a rollback."""
    upgrade: str | None = None
    """The upgrade that was rolled back."""


class Locks(Protocol):
    def lock_of(self, controller: str) -> Lock | None: ...

    def add_lock(self, lock: Lock, *entries: Entry) -> Lock:
        """Lock, unless it is locked already: the first lock stays, and nothing is written. Returns the one that holds."""

    def remove_lock(self, controller: str, *entries: Entry) -> Lock | None:
        """Returns the lock that held; None when there was none, and nothing is written."""


def lock_text(lock: Lock, zone: str) -> str:
    """Why, by whom and since when; without the controller's name."""
    who = f"by <@{lock.by}>" if lock.by else "by the bot"
    return f"{lock.reason} ({who}, {moment_text(lock.at, zone)})"
