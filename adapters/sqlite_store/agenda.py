"""Locks and scheduled starts."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from typing import Any

from adapters.sqlite_store.connection import Connections
from adapters.sqlite_store.journal import insert_entry
from bot.errors import Conflict, Refused
from bot.locks import Lock
from bot.schedule import OPEN, ScheduledStart, StartStatus
from bot.store import Entry

__all__ = ["SqliteAgenda"]


class SqliteAgenda:
    """Implements :class:`bot.locks.Locks` and :class:`bot.schedule.Schedule`, for a store that has the connections."""

    _connections: Connections

    # ---- locks

    def lock_of(self, controller: str) -> Lock | None:
        rows = list(self._connections.here().table("locks").rows_where("controller = ?", [controller]))
        return Lock(**rows[0]) if rows else None

    def add_lock(self, lock: Lock, *entries: Entry) -> Lock:
        with self._connections.write() as db:
            held = self.lock_of(lock.controller)
            if held is None:
                db.table("locks").insert(dataclasses.asdict(lock))
                for entry in entries:
                    insert_entry(db, entry)
        return held or lock

    def remove_lock(self, controller: str, *entries: Entry) -> Lock | None:
        with self._connections.write() as db:
            held = self.lock_of(controller)
            if held is not None:
                db.execute("DELETE FROM locks WHERE controller = ?", [controller])
                for entry in entries:
                    insert_entry(db, entry)
        return held

    # ---- scheduled starts

    def add_start(self, start: ScheduledStart) -> None:
        with self._connections.write() as db:
            try:
                db.table("scheduled_starts").insert(_row(start))
            except sqlite3.IntegrityError as error:
                held = next(
                    (each for each in self.open_starts() if each.controller == start.controller), None
                )
                name = held.id if held else "another one"
                raise Refused(
                    f"An upgrade of {start.controller} is scheduled already (`{name}`): `/ci-upgrade schedule cancel {name}` makes room."
                ) from error

    def scheduled_start(self, id: str) -> ScheduledStart | None:
        rows = list(self._connections.here().table("scheduled_starts").rows_where("id = ?", [id]))
        return _start(rows[0]) if rows else None

    def open_starts(self) -> tuple[ScheduledStart, ...]:
        rows = self._connections.here().table("scheduled_starts").rows_where("open = 1", order_by="at, id")
        return tuple(_start(row) for row in rows)

    def change_start(self, start: ScheduledStart, was: StartStatus) -> None:
        row = _row(start)
        with self._connections.write() as db:
            cursor = db.execute(
                "UPDATE scheduled_starts SET open = ?, status = ?, record = ? WHERE id = ? AND status = ?",
                [row["open"], row["status"], row["record"], start.id, was.value],
            )
            if cursor.rowcount != 1:
                raise Conflict(f"the scheduled start {start.id} was changed by someone else")


def _row(start: ScheduledStart) -> dict[str, Any]:
    return {
        "id": start.id,
        "controller": start.controller,
        "at": start.at,
        "open": int(start.status in OPEN),
        "status": start.status.value,
        "record": json.dumps(dataclasses.asdict(start), ensure_ascii=False),
    }


def _start(row: dict[str, Any]) -> ScheduledStart:
    data: dict[str, Any] = json.loads(row["record"])
    traffic = data["traffic"]
    return ScheduledStart(
        **{
            **data,
            "traffic": None if traffic is None else tuple(traffic),
            "status": StartStatus(data["status"]),
        }
    )
