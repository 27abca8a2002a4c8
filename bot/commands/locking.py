"""Locking a controller against new upgrades, and unlocking it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands.arguments import Arguments
from bot.commands.interface import Actor
from bot.commands.permissions import Permissions
from bot.config import Config
from bot.content import Notice
from bot.errors import Refused
from bot.locks import Lock, lock_text
from bot.ports import Clock
from bot.store import Entry, Store

__all__ = ["Locking"]


class Locking:
    def __init__(
        self, config: Config, store: Store, clock: Clock, arguments: Arguments, permissions: Permissions
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._arguments = arguments
        self._permissions = permissions

    def lock(self, words: list[str], actor: Actor) -> Notice:
        controller, reason = self._arguments.controller_and_text(words)
        return self.lock_controller(controller, reason, actor)

    def lock_controller(self, controller: str, reason: str, actor: Actor) -> Notice:
        self._permissions.require_operator(actor, "lock a controller")
        if not reason:
            raise Refused(
                f'Why? The next person reads only this: `/ci-upgrade lock {controller} "release week"`.'
            )
        lock = Lock(controller, reason, self._clock.now(), actor.id)
        held = self._store.add_lock(lock, self._entry(controller, "lock", actor, reason))
        if held != lock:
            raise Refused(f"{controller} is locked already: {self._text(held)}.")
        lines = []
        live = self._store.live_for(controller)
        if live is not None:
            lines.append(f"The upgrade `{live.id}` goes on: a lock stops starts only.")
        lines.append(f"`/ci-upgrade unlock {controller}` lets upgrades start again.")
        return Notice(f"<@{actor.id}> locked {controller}: {reason}", tuple(lines), "warning", public=True)

    def unlock(self, words: list[str], actor: Actor) -> Notice:
        controller, reason = self._arguments.controller_and_text(words)
        return self.unlock_controller(controller, reason, actor)

    def unlock_controller(self, controller: str, reason: str, actor: Actor) -> Notice:
        self._permissions.require_operator(actor, "unlock a controller")
        held = self._store.remove_lock(controller, self._entry(controller, "unlock", actor, reason))
        if held is None:
            raise Refused(f"{controller} is not locked; nothing was changed.")
        why = f": {reason}" if reason else ""
        was = f"It was locked: {self._text(held)}."
        return Notice(f"<@{actor.id}> unlocked {controller}{why}", (was,), "good", public=True)

    def locks(self) -> Mapping[str, str]:
        """Every controller → why it is locked, empty when it is not."""
        held = {name: self._store.lock_of(name) for name in sorted(self._config.controllers)}
        return {name: self._text(lock) if lock else "" for name, lock in held.items()}

    def _text(self, lock: Lock) -> str:
        return lock_text(lock, self._config.schedule.timezone)

    def _entry(self, controller: str, name: str, actor: Actor, reason: str) -> Entry:
        """Beside the upgrades' journals: a lock belongs to a controller."""
        subject, now = f"controller:{controller}", self._clock.now()
        return Entry(subject, now, "decision", "", 1, name, actor.id, {"reason": reason})
