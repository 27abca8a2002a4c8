"""What stands against a start: a live upgrade, a lock, a time outside of the controller's windows. Nothing of it stops a rollback."""

from __future__ import annotations

from bot.config import Config
from bot.errors import Refused
from bot.locks import lock_text
from bot.ports import Clock
from bot.store import Store
from bot.when import moment_text
from bot.windows import next_opening, open_window

__all__ = ["Obstacles"]


class Obstacles:
    def __init__(self, config: Config, store: Store, clock: Clock) -> None:
        self._config = config
        self._store = store
        self._clock = clock

    def require_none(self, controller: str) -> None:
        """:raises Refused: when an upgrade may not start now; the text says how it may."""
        found = self.against(controller)
        if found:
            raise Refused(found)

    def against(self, controller: str, at: float | None = None) -> str:
        """Why no upgrade of the controller may start now, or as things are at that later moment; empty when one may.

        From stored state alone.
        """
        if controller not in self._config.controllers:
            return f"{controller} is not in the configuration any more."
        moment = self._clock.now() if at is None else at
        return self.upgrade(controller) or self.lock(controller) or self.window(controller, moment)

    def upgrade(self, controller: str) -> str:
        live = self._store.live_for(controller)
        if live is None:
            return ""
        return f"{controller} is already being upgraded to {live.target} (`{live.id}`): finish it, or `/ci-upgrade rollback {controller}`."

    def lock(self, controller: str) -> str:
        lock = self._store.lock_of(controller)
        if lock is None:
            return ""
        why = lock_text(lock, self._config.schedule.timezone)
        return f"{controller} is locked: {why}. `/ci-upgrade unlock {controller}` lets upgrades start again."

    def window(self, controller: str, at: float) -> str:
        """Whether upgrades of the controller may start at that moment."""
        windows, zone = self._config.controllers[controller].windows, self._config.schedule.timezone
        if not windows or open_window(windows, zone, at) is not None:
            return ""
        opening = next_opening(windows, zone, at)
        if opening is None:
            return f"No maintenance window of {controller} opens within a year: mend `windows` in the configuration."
        return (
            f"{controller} may be upgraded only in its maintenance windows. The next one, {opening.window.name}, opens "
            f"{moment_text(opening.start, zone)}: `--window {opening.window.name}` starts the upgrade then."
        )
