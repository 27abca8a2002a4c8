"""How a running step is told to stop."""

from __future__ import annotations

import threading

from bot.errors import Interrupted
from bot.ports import Clock

__all__ = ["StopToken"]


class StopToken:
    """Implements :class:`bot.ports.Stop`; set once, never cleared."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def check(self) -> None:
        if self._event.is_set():
            raise Interrupted("told to stop")

    def wait(self, seconds: float) -> None:
        self._clock.wait(self._event, seconds)
        self.check()
