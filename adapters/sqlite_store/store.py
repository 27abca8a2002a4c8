"""Upgrades, journal, gates, samples and documents; outbox, locks and schedule are in their own modules."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.sqlite_store.agenda import SqliteAgenda
from adapters.sqlite_store.connection import Connections
from adapters.sqlite_store.journal import entry_of, insert_entry, journal_rows
from adapters.sqlite_store.outbox import SqliteOutbox
from adapters.sqlite_store.records import dump_gate, dump_upgrade, load_gate, load_upgrade
from bot.audit import START, linked
from bot.errors import Conflict, Refused
from bot.store import Entry
from bot.upgrade import Gate, Upgrade, Vote

__all__ = ["SqliteStore"]


class SqliteStore(SqliteOutbox, SqliteAgenda):
    """Implements :class:`bot.store.Store`. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(Connections(path))

    # ---- upgrades and journal

    def create(self, upgrade: Upgrade, entry: Entry) -> None:
        with self._connections.write() as db:
            try:
                db.table("upgrades").insert(_upgrade_row(upgrade))
            except sqlite3.IntegrityError as error:
                live = self.live_for(upgrade.controller)
                name = live.id if live else "another one"
                raise Refused(
                    f"{upgrade.controller} is already being upgraded ({name}): finish it, or roll it back with `/ci-upgrade rollback {upgrade.controller}`"
                ) from error
            insert_entry(db, entry)

    def get(self, upgrade: str) -> Upgrade:
        rows = self._upgrades("id = ?", [upgrade])
        if not rows:
            raise Refused(f"there is no upgrade {upgrade}")
        return rows[0]

    def live(self) -> tuple[Upgrade, ...]:
        return self._upgrades("live = 1", [])

    def live_for(self, controller: str) -> Upgrade | None:
        rows = self._upgrades("live = 1 AND controller = ?", [controller])
        return rows[0] if rows else None

    def history(self, controller: str | None, limit: int) -> tuple[Upgrade, ...]:
        where, values = ("controller = ?", [controller]) if controller else ("1 = 1", [])
        return self._upgrades(where, values, order_by="created_at DESC", limit=limit)

    def save(self, upgrade: Upgrade, *entries: Entry) -> Upgrade:
        with self._connections.write() as db:
            saved = _update(db, upgrade)
            for entry in entries:
                insert_entry(db, entry)
        return saved

    def record(self, entry: Entry) -> None:
        with self._connections.write() as db:
            insert_entry(db, entry)

    def journal(self, upgrade: str) -> tuple[Entry, ...]:
        found = self._connections.here().table("journal").rows_where("upgrade = ?", [upgrade], order_by="seq")
        return tuple(entry_of(row) for row in found)

    def audit_rows(self) -> Iterator[Mapping[str, Any]]:
        return linked(journal_rows(self._connections.here()))

    def last_hash(self, upgrade: str) -> str:
        found = (
            self._connections.here()
            .execute("SELECT hash FROM journal WHERE upgrade = ? ORDER BY seq DESC LIMIT 1", [upgrade])
            .fetchone()
        )
        return str(found[0]) if found else START

    def changes_done(self, upgrade: str, step: str, attempt: int) -> frozenset[str]:
        rows = self._connections.here().query(
            "SELECT DISTINCT name FROM journal WHERE upgrade = ? AND step = ? AND attempt = ? AND kind = 'outcome'",
            [upgrade, step, attempt],
        )
        return frozenset(row["name"] for row in rows)

    def _upgrades(self, where: str, values: Sequence[Any], **options: Any) -> tuple[Upgrade, ...]:
        rows = (
            self._connections.here()
            .table("upgrades")
            .rows_where(where, values, **{"order_by": "created_at", **options})
        )
        return tuple(load_upgrade(row["record"], row["version"]) for row in rows)

    # ---- gates

    def open_gate(self, gate: Gate, upgrade: Upgrade, *entries: Entry) -> Upgrade:
        with self._connections.write() as db:
            saved = _update(db, upgrade)
            db.table("gates").insert(_gate_row(gate))
            for entry in entries:
                insert_entry(db, entry)
        return saved

    def decide(self, gate: Gate, upgrade: Upgrade, *entries: Entry) -> Upgrade:
        with self._connections.write() as db:
            row = db.execute(
                "SELECT record FROM gates WHERE id = ? AND outcome IS NULL", [gate.id]
            ).fetchone()
            if row is None:
                raise Conflict(f"gate {gate.id} was decided before")
            decided = gate
            if gate.outcome != "approved" or gate.over_the_rules:
                # A vote may have come since the gate was read: it was given, and stays in the record. An approval names those that count.
                decided = dataclasses.replace(gate, votes=load_gate(row[0]).votes)
            db.execute(
                "UPDATE gates SET outcome = ?, record = ? WHERE id = ?",
                [decided.outcome, dump_gate(decided), gate.id],
            )
            saved = _update(db, upgrade)
            for entry in entries:
                insert_entry(db, entry)
        return saved

    def vote(self, gate: Gate, votes: tuple[Vote, ...], *entries: Entry) -> Gate:
        voted = dataclasses.replace(gate, votes=votes)
        with self._connections.write() as db:
            row = db.execute("SELECT record FROM gates WHERE id = ?", [gate.id]).fetchone()
            if row is None or load_gate(row[0]) != gate or gate.outcome is not None:
                raise Conflict(f"gate {gate.id} was voted on or decided meanwhile")
            db.execute("UPDATE gates SET record = ? WHERE id = ?", [dump_gate(voted), gate.id])
            for entry in entries:
                insert_entry(db, entry)
        return voted

    def gate(self, gate: str) -> Gate | None:
        return next(iter(self._gates("id = ?", [gate])), None)

    def newest_gate(self, upgrade: str, step: str) -> Gate | None:
        return next(iter(self._gates("upgrade = ? AND step = ?", [upgrade, step], "rowid DESC")), None)

    def gates(self, upgrade: str) -> tuple[Gate, ...]:
        return self._gates("upgrade = ?", [upgrade])

    def _gates(self, where: str, values: Sequence[Any], order_by: str = "rowid") -> tuple[Gate, ...]:
        rows = self._connections.here().table("gates").rows_where(where, values, order_by=order_by)
        return tuple(load_gate(row["record"]) for row in rows)

    # ---- samples and documents

    def add_sample(self, upgrade: str, at: float, sample: Mapping[str, Any]) -> None:
        with self._connections.write() as db:
            db.table("samples").insert({"upgrade": upgrade, "at": at, "sample": json.dumps(sample)})

    def samples(self, upgrade: str, since: float) -> Sequence[tuple[float, Mapping[str, Any]]]:
        rows = (
            self._connections.here()
            .table("samples")
            .rows_where("upgrade = ? AND at >= ?", [upgrade, since], order_by="at")
        )
        return [(row["at"], json.loads(row["sample"])) for row in rows]

    def newest_samples(self, upgrade: str, count: int) -> Sequence[tuple[float, Mapping[str, Any]]]:
        rows = (
            self._connections.here()
            .table("samples")
            .rows_where("upgrade = ?", [upgrade], order_by="at DESC", limit=count)
        )
        return [(row["at"], json.loads(row["sample"])) for row in rows][::-1]

    def sampled(self) -> tuple[str, ...]:
        rows = self._connections.here().query("SELECT DISTINCT upgrade FROM samples ORDER BY upgrade")
        return tuple(row["upgrade"] for row in rows)

    def thin_out(self, upgrade: str, documents: Sequence[str]) -> None:
        with self._connections.write() as db:
            db.execute("DELETE FROM samples WHERE upgrade = ?", [upgrade])
            for key in documents:
                db.execute("DELETE FROM documents WHERE key = ?", [key])

    def document(self, key: str) -> Mapping[str, Any] | None:
        rows = list(self._connections.here().table("documents").rows_where("key = ?", [key]))
        return json.loads(rows[0]["value"]) if rows else None

    def put_document(self, key: str, value: Mapping[str, Any]) -> None:
        with self._connections.write() as db:
            db.table("documents").upsert({"key": key, "value": json.dumps(value)}, pk="key")

    def change_document(
        self, key: str, change: Callable[[Mapping[str, Any] | None], Mapping[str, Any]]
    ) -> None:
        with self._connections.write() as db:
            value = change(self.document(key))
            db.table("documents").upsert({"key": key, "value": json.dumps(value)}, pk="key")


def _upgrade_row(upgrade: Upgrade) -> dict[str, Any]:
    return {
        "id": upgrade.id,
        "controller": upgrade.controller,
        "created_at": upgrade.created_at,
        "live": int(upgrade.live),
        "version": upgrade.version,
        "record": dump_upgrade(upgrade),
    }


def _update(db: Any, upgrade: Upgrade) -> Upgrade:
    """Compare-and-set on the version that ``upgrade`` was read at."""
    saved = dataclasses.replace(upgrade, version=upgrade.version + 1)
    cursor = db.execute(
        "UPDATE upgrades SET live = ?, version = ?, record = ? WHERE id = ? AND version = ?",
        [int(saved.live), saved.version, dump_upgrade(saved), upgrade.id, upgrade.version],
    )
    if cursor.rowcount != 1:
        raise Conflict(f"upgrade {upgrade.id} was changed by someone else")
    return saved


def _gate_row(gate: Gate) -> dict[str, Any]:
    return {
        "id": gate.id,
        "upgrade": gate.upgrade,
        "step": gate.step,
        "opened_at": gate.opened_at,
        "outcome": gate.outcome,
        "record": dump_gate(gate),
    }
