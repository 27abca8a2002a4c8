"""How a running step, or what runs beside the steps, is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import Interrupted
from bot.ports import Clock

__all__ = ["StopToken", "StopTokens"]


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


class StopTokens:
    """Of everything that runs now beside the steps, by upgrade."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[StopToken, str] = {}
        self._closed = False

    @contextmanager
    def running(self, upgrade: str) -> Iterator[StopToken]:
        """A token for as long as something runs."""
        token = StopToken(self._clock)
        with self._lock:
            self._running[token] = upgrade
            if self._closed:
                token.set()
        try:
            yield token
        finally:
            with self._lock:
                del self._running[token]

    def set(self, upgrade: str) -> None:
        """Stop what runs for this upgrade now; what begins later is not told."""
        with self._lock:
            for token, of in self._running.items():
                if of == upgrade:
                    token.set()

    def close(self) -> None:
        """Stop everything, also what begins later."""
        with self._lock:
            self._closed = True
            for token in self._running:
                token.set()
