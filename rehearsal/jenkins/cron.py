"""Timer specifications and the clock that fires them, with the habits of Jenkins's own ``Trigger.Cron``.

Its habits, from ``hudson/triggers/Trigger.java`` and ``hudson/scheduler``: the first check comes ``60 - current second``
seconds after the start and then every 60 s, so it is up to a second late; every check walks over all minutes since the last
one, and the first minute is the one in which the controller started. ``H`` picks by a hash of the job's full name.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta

__all__ = ["CronClock", "CronTab"]

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_HASH_UPPER = (59, 23, 28, 12, 6)
_ALIASES = {
    "@yearly": "H H H H *",
    "@annually": "H H H H *",
    "@monthly": "H H H * *",
    "@weekly": "H H * * H",
    "@daily": "H H * * *",
    "@midnight": "H H(0-2) * * *",
    "@hourly": "H * * * *",
}


class CronTab:
    """All lines of one timer's specification."""

    def __init__(self, spec: str, seed: str) -> None:
        """``seed`` is the job's full name.

        :raises ValueError: when a line cannot be understood.
        """
        lines = [line.strip() for line in spec.splitlines()]
        self._lines = [
            _parse(line, seed)
            for line in lines
            if line and not line.startswith("#") and not line.startswith("TZ=")
        ]

    def matches(self, minute: datetime) -> bool:
        day_of_week = minute.isoweekday() % 7
        values = (minute.minute, minute.hour, minute.day, minute.month, day_of_week)
        return any(
            all(value in allowed for value, allowed in zip(values, line, strict=True)) for line in self._lines
        )


class CronClock:
    """Calls ``check(minute)`` for every minute since it was made, in one thread."""

    def __init__(
        self,
        check: Callable[[datetime], None],
        now: Callable[[], datetime] = datetime.now,
        together: AbstractContextManager[object] | None = None,
    ) -> None:
        """``together`` is held over all minutes of one tick: in a real Jenkins they are checked within a millisecond, so that
        the queue merges what two minutes of the first tick schedule."""
        self._check = check
        self._together = together or nullcontext()
        self._now = now
        self._minute = now().replace(second=0, microsecond=0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cron", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def catch_up(self) -> None:
        """Check every minute that has begun and was not checked yet."""
        with self._together:
            while self._now() >= self._minute:
                minute, self._minute = self._minute, self._minute + timedelta(minutes=1)
                self._check(minute)

    def _run(self) -> None:
        due = self._now() + timedelta(seconds=60 - self._now().second)
        while not self._stop.wait(max(0.0, (due - self._now()).total_seconds())):
            self.catch_up()
            due += timedelta(seconds=60)


def _parse(line: str, seed: str) -> tuple[frozenset[int], ...]:
    fields = _ALIASES.get(line, line).split()
    if len(fields) != len(_BOUNDS):
        raise ValueError(f"expected five fields: {line!r}")
    # Jenkins seeds a Java generator with an MD5 of the name; the spread is alike, the chosen minute is not.
    choice = random.Random(hashlib.md5(seed.encode(), usedforsecurity=False).digest())
    sets = [_field(text, index, choice) for index, text in enumerate(fields)]
    if 7 in sets[4]:
        sets[4] = frozenset(sets[4] - {7} | {0})
    return tuple(sets)


def _field(text: str, index: int, choice: random.Random) -> frozenset[int]:
    allowed: set[int] = set()
    for term in text.split(","):
        allowed |= _term(term, index, choice)
    return frozenset(allowed)


def _term(term: str, index: int, choice: random.Random) -> set[int]:
    lower, upper = _BOUNDS[index]
    body, _, step_text = term.partition("/")
    step = int(step_text) if step_text else 1
    if step < 1:
        raise ValueError(f"a step must be positive: {term!r}")
    if body.startswith("H"):
        first, last = (lower, _HASH_UPPER[index]) if body == "H" else _range(body[1:].strip("()"), index)
        if step_text:
            return set(range(first + choice.randrange(step), last + 1, step))
        return {choice.randint(first, last)}
    if body == "*":
        return set(range(lower, upper + 1, step))
    first, last = _range(body, index)
    return set(range(first, last + 1, step))


def _range(text: str, index: int) -> tuple[int, int]:
    first_text, dash, last_text = text.partition("-")
    first = int(first_text)
    last = int(last_text) if dash else first
    lower, upper = _BOUNDS[index]
    if not lower <= first <= last <= upper:
        raise ValueError(f"{text!r} is not within {lower}-{upper}")
    return first, last
