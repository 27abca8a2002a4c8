"""The machine's clock."""

import time

__all__ = ["SystemClock"]


class SystemClock:
    """Implements :class:`bot.ports.Clock`."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))
