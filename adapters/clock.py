"""The machine's clock."""

import time
from threading import Event

__all__ = ["SystemClock"]


class SystemClock:
    """Implements :class:`bot.ports.Clock`."""

    def now(self) -> float:
        return time.time()

    def wait(self, event: Event, seconds: float) -> None:
        event.wait(max(0.0, seconds))
