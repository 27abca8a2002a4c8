"""Virtual time: it moves only when a test moves it."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Event

__all__ = ["VirtualClock", "VirtualScheduler"]


class VirtualClock:
    """Implements :class:`bot.ports.Clock`. ``listeners`` are told of every moment that passes."""

    def __init__(self, now: float) -> None:
        self._now = now
        self.listeners: list[Callable[[float], None]] = []

    def now(self) -> float:
        return self._now

    def wait(self, event: Event, seconds: float) -> None:
        if not event.is_set():
            self.move(self._now + max(0.0, seconds))

    def move(self, to: float) -> None:
        """Let time pass in steps of at most a quarter second, so that builds and timers happen in order."""
        while self._now < to:
            self._now = min(to, self._now + 0.25)
            for listener in self.listeners:
                listener(self._now)


class VirtualScheduler:
    """Implements :class:`bot.ports.Scheduler`; a test fires what is due."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[float, float | None, Callable[[], None]]] = {}

    def at(self, key: str, when: float, call: Callable[[], None]) -> None:
        self._entries[key] = (when, None, call)

    def every(self, key: str, seconds: float, call: Callable[[], None]) -> None:
        self._entries[key] = (self._clock.now(), seconds, call)

    def cancel(self, key: str) -> None:
        self._entries.pop(key, None)

    def next_time(self) -> float:
        return min((when for when, _, _ in self._entries.values()), default=math.inf)

    def fire_due(self) -> None:
        now = self._clock.now()
        for key, (when, seconds, call) in list(self._entries.items()):
            if when > now:
                continue
            if seconds is None:
                del self._entries[key]
            else:
                self._entries[key] = (now + seconds, seconds, call)
            call()
