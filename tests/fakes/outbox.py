"""An outbox in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bot.content import Content
from bot.ports import OutboxRow

__all__ = ["MemoryOutbox"]


@dataclasses.dataclass
class _Kept:
    row: OutboxRow
    shown: int = 0
    due_at: float = 0.0
    error: str | None = None
    given_up: bool = False
    passed: bool = False


class MemoryOutbox:
    """Implements :class:`bot.ports.Outbox`."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], _Kept] = {}

    def put(self, upgrade: str, key: str, channel: str, content: Content) -> None:
        kept = self._kept.get((upgrade, key))
        if kept is None:
            row = OutboxRow(len(self._kept) + 1, upgrade, key, channel, content, 1, None, None, 0)
            self._kept[upgrade, key] = _Kept(row)
        elif kept.row.content != content:
            attempts = 0 if kept.given_up else kept.row.attempts
            kept.passed = kept.passed and not kept.given_up
            kept.given_up = False
            kept.row = dataclasses.replace(
                kept.row, content=content, generation=kept.row.generation + 1, attempts=attempts
            )

    def due(self, now: float) -> Sequence[OutboxRow]:
        rows = [
            dataclasses.replace(kept.row, thread_ts=self._thread(kept.row))
            for kept in self._kept.values()
            if kept.shown < kept.row.generation and not kept.given_up and kept.due_at <= now
        ]
        ready = [
            row
            for row in rows
            if row.key == "dashboard" or (row.thread_ts is not None and not self._waits_for_another(row))
        ]
        return sorted(ready, key=lambda row: (row.key != "dashboard", row.id))

    def _waits_for_another(self, row: OutboxRow) -> bool:
        """Whether it is new in a thread in which something earlier is not shown yet."""
        return row.ts is None and any(
            other.row.upgrade == row.upgrade and other.row.id < row.id and other.row.ts is None
            for other in self._kept.values()
            if other.shown < other.row.generation and not other.given_up and not other.passed
        )

    def withdraw(self, upgrade: str, key: str) -> None:
        kept = self._kept.get((upgrade, key))
        if kept is not None and kept.row.ts is None and kept.row.posting_at is None:
            kept.shown, kept.error = kept.row.generation, None

    def posting(self, id: int, at: float) -> None:
        kept = self._of(id)
        kept.row = dataclasses.replace(kept.row, posting_at=at)

    def sent(self, id: int, generation: int, ts: str) -> None:
        kept = self._of(id)
        kept.shown, kept.due_at, kept.error = generation, 0.0, None
        kept.row = dataclasses.replace(kept.row, ts=ts, attempts=0, posting_at=None)

    def retry(
        self, id: int, at: float, error: str, *, maybe_posted: bool = False, passed: bool = False
    ) -> None:
        kept = self._of(id)
        kept.due_at, kept.error, kept.passed = at, error, passed
        posting_at = kept.row.posting_at if maybe_posted else None
        kept.row = dataclasses.replace(kept.row, attempts=kept.row.attempts + 1, posting_at=posting_at)

    def give_up(self, id: int, error: str, quiet_until: float = 0.0) -> None:
        kept = self._of(id)
        kept.given_up, kept.error, kept.due_at = True, error, quiet_until
        kept.row = dataclasses.replace(kept.row, posting_at=None)

    def undelivered(self) -> tuple[int, str | None]:
        """How many rows are not shown as they should be, and an error of one of them."""
        waiting = [k for k in self._kept.values() if k.shown < k.row.generation or k.given_up]
        return len(waiting), max((k.error for k in waiting if k.error), default=None)

    def _of(self, id: int) -> _Kept:
        return next(kept for kept in self._kept.values() if kept.row.id == id)

    def _thread(self, row: OutboxRow) -> str | None:
        parent = self._kept.get((row.upgrade, "dashboard"))
        return parent.row.ts if parent is not None and row.key != "dashboard" else None
