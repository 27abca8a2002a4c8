"""Locking a controller against new upgrades, and unlocking it."""

from __future__ import annotations

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
        self._record(controller, "lock", actor, {"reason": reason})
        held = self._store.add_lock(lock)
        if held != lock:
            raise Refused(f"{controller} is locked already: {self._text(held)}.")
        lines = []
        live = self._store.live_for(controller)
        if live is not None:
            lines.append(f"The upgrade `{live.id}` goes on: a lock stops starts only.")
        lines.append(f"`/ci-upgrade unlock {controller}` lets upgrades start again.")
        return Notice(f"<@{actor.id}> locked {controller}: {reason}", tuple(lines), "warning", public=True)

    def unlock(self, words: list[str], actor: Actor) -> Notice:
        controller, _ = self._arguments.controller_and_text(words)
        return self.unlock_controller(controller, actor)

    def unlock_controller(self, controller: str, actor: Actor) -> Notice:
        self._permissions.require_operator(actor, "unlock a controller")
        self._record(controller, "unlock", actor, {})
        held = self._store.remove_lock(controller)
        if held is None:
            raise Refused(f"{controller} is not locked; nothing was changed.")
        return Notice(
            f"<@{actor.id}> unlocked {controller}",
            (f"It was locked: {self._text(held)}.",),
            "good",
            public=True,
        )

    def _text(self, lock: Lock) -> str:
        return lock_text(lock, self._config.schedule.timezone)

    def _record(self, controller: str, name: str, actor: Actor, detail: dict[str, str]) -> None:
        # Beside the upgrades' journals: a lock belongs to a controller.
        entry = Entry(
            f"controller:{controller}", self._clock.now(), "decision", "", 1, name, actor.id, detail
        )
        self._store.record(entry)
