"""Asks again what failed in a way that may pass. Only for reads: a change that is sent twice could happen twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from adapters.jenkins.failures import ServerFailed
from bot.errors import Temporary
from bot.ports import Clock

__all__ = ["FIRST_DELAY_SECONDS", "LONGEST_DELAY_SECONDS", "Retries"]

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 2.0
"""Delays double up to this."""

_T = TypeVar("_T")


class Retries:
    """Bounded in number and in time."""

    def __init__(
        self, attempts: int, seconds: float, clock: Clock, chance: Callable[[], float] = random.random
    ) -> None:
        """``attempts`` in all, of which none begins later than ``seconds`` after the first; ``chance`` is in [0, 1)."""
        self._attempts = attempts
        self._seconds = seconds
        self._clock = clock
        self._chance = chance

    def read(self, ask: Callable[[], _T]) -> _T:
        """The first answer.

        :raises Temporary, Permanent: what the last attempt raised. Refusals are raised at once.
        """
        last_start = self._clock.now() + self._seconds
        delay = FIRST_DELAY_SECONDS
        for _ in range(self._attempts - 1):
            try:
                return ask()
            except (Temporary, ServerFailed):
                # Between half and the whole of it: many readers of one struggling instance do not come back together.
                pause = delay * (0.5 + self._chance() / 2)
                if self._clock.now() + pause > last_start:
                    raise
            self._clock.wait(Event(), pause)
            delay = min(2 * delay, LONGEST_DELAY_SECONDS)
        return ask()
