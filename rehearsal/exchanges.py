"""The log of the load generator: one JSON line for every request that was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

__all__ = ["SESSION_KINDS", "Exchange", "ExchangeLog", "read_exchanges"]

SESSION_KINDS = frozenset({"login", "page", "trigger", "api", "api-trigger"})
"""Kinds that the router sends by session weight; ``hook`` and ``canary`` follow the owner."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    at: float
    """When it was sent, epoch seconds."""
    kind: str
    method: str
    path: str
    status: int
    """0: no answer came."""
    seconds: float
    side: str | None
    """Which instance answered, by the release that the answer names; None where it names none."""
    ticket: str | None = None
    failure: str | None = None
    """Why it counts as failed; None: it does not."""

    @property
    def answered_at(self) -> float:
        return self.at + self.seconds

    @property
    def accepted(self) -> bool:
        """It asked for a build and was told that the build is queued."""
        return self.ticket is not None and self.status == 201


class ExchangeLog:
    """Appends to the file; safe to read the counters from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.total = 0
        self.failed = 0
        self.accepted = 0
        self._file: IO[str] = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def add(self, exchange: Exchange) -> None:
        with self._lock:
            self.total += 1
            self.failed += exchange.failure is not None
            self.accepted += exchange.accepted
            self._file.write(json.dumps(asdict(exchange)) + "\n")

    def flush(self) -> None:
        with self._lock:
            self._file.flush()

    def close(self) -> None:
        with self._lock:
            self._file.close()


def read_exchanges(path: Path) -> Iterator[Exchange]:
    """What was logged, in the order in which the answers came."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Exchange(**json.loads(line))
