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
            kept.row = dataclasses.replace(kept.row, content=content, generation=kept.row.generation + 1)

    def due(self, now: float) -> Sequence[OutboxRow]:
        rows = [
            dataclasses.replace(kept.row, thread_ts=self._thread(kept.row))
            for kept in self._kept.values()
            if kept.shown < kept.row.generation and not kept.given_up and kept.due_at <= now
        ]
        ready = [row for row in rows if row.key == "dashboard" or row.thread_ts is not None]
        return sorted(ready, key=lambda row: (row.key != "dashboard", row.id))

    def sent(self, id: int, generation: int, ts: str) -> None:
        kept = self._of(id)
        kept.shown, kept.due_at, kept.error = generation, 0.0, None
        kept.row = dataclasses.replace(kept.row, ts=ts, attempts=0)

    def retry(self, id: int, at: float, error: str) -> None:
        kept = self._of(id)
        kept.due_at, kept.error = at, error
        kept.row = dataclasses.replace(kept.row, attempts=kept.row.attempts + 1)

    def give_up(self, id: int, error: str) -> None:
        kept = self._of(id)
        kept.given_up, kept.error = True, error

    def undelivered(self) -> tuple[int, str | None]:
        """How many rows are not shown as they should be, and an error of one of them."""
        waiting = [k for k in self._kept.values() if k.shown < k.row.generation or k.given_up]
        return len(waiting), max((k.error for k in waiting if k.error), default=None)

    def _of(self, id: int) -> _Kept:
        return next(kept for kept in self._kept.values() if kept.row.id == id)

    def _thread(self, row: OutboxRow) -> str | None:
        parent = self._kept.get((row.upgrade, "dashboard"))
        return parent.row.ts if parent is not None and row.key != "dashboard" else None
