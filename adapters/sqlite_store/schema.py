"""Tables, as migrations: a database of an older release is brought up to date when it is opened."""

from __future__ import annotations

from typing import cast

from sqlite_utils import Database
from sqlite_utils.db import Table
from sqlite_utils.migrations import Migrations

from bot.audit import START, chained

__all__ = ["MIGRATIONS"]

MIGRATIONS = Migrations("ci-upgrade")


def _create(db: Database, name: str, columns: dict[str, type], pk: str, **options: object) -> Table:
    table = cast(Table, db[name])
    table.create(columns, pk=pk, strict=True, **options)  # type: ignore[arg-type]  # options are passed through as they are
    return table


@MIGRATIONS()
def first_tables(db: Database) -> None:
    upgrades = _create(
        db,
        "upgrades",
        {"id": str, "controller": str, "created_at": float, "live": int, "version": int, "record": str},
        "id",
    )
    # One live upgrade a controller, held by the database itself.
    db.execute("CREATE UNIQUE INDEX one_live_upgrade ON upgrades (controller) WHERE live = 1")
    upgrades.create_index(["controller", "created_at"])
    journal = _create(
        db,
        "journal",
        {
            "seq": int,
            "upgrade": str,
            "at": float,
            "kind": str,
            "step": str,
            "attempt": int,
            "name": str,
            "actor": str,
            "detail": str,
        },
        "seq",
    )
    journal.create_index(["upgrade", "step", "attempt"])
    gates = _create(
        db,
        "gates",
        {"id": str, "upgrade": str, "step": str, "opened_at": float, "outcome": str, "record": str},
        "id",
    )
    gates.create_index(["upgrade", "step"])
    samples = _create(db, "samples", {"seq": int, "upgrade": str, "at": float, "sample": str}, "seq")
    samples.create_index(["upgrade", "at"])
    _create(db, "documents", {"key": str, "value": str}, "key")
    outbox = _create(
        db,
        "outbox",
        {
            "id": int,
            "upgrade": str,
            "key": str,
            "channel": str,
            "content": str,
            "generation": int,
            "shown": int,
            "ts": str,
            "attempts": int,
            "due_at": float,
            "error": str,
            "given_up": int,
        },
        "id",
    )
    outbox.create_index(["upgrade", "key"], unique=True)


@MIGRATIONS()
def posts_of_unknown_outcome(db: Database) -> None:
    cast(Table, db["outbox"]).add_column("posting_at", float)


@MIGRATIONS()
def locks_and_scheduled_starts(db: Database) -> None:
    _create(
        db, "locks", {"controller": str, "reason": str, "at": float, "by": str, "upgrade": str}, "controller"
    )
    _create(
        db,
        "scheduled_starts",
        {"id": str, "controller": str, "at": float, "open": int, "status": str, "record": str},
        "id",
    )
    # One open start a controller, held by the database itself.
    db.execute("CREATE UNIQUE INDEX one_open_start ON scheduled_starts (controller) WHERE open = 1")


@MIGRATIONS()
def chained_journal(db: Database) -> None:
    """Rows of older releases are chained as they are found."""
    journal = cast(Table, db["journal"])
    journal.add_column("hash", str)
    previous = START
    for row in list(journal.rows_where(order_by="seq")):
        previous = chained(previous, row)
        db.execute("UPDATE journal SET hash = ? WHERE seq = ?", [previous, row["seq"]])


@MIGRATIONS()
def messages_that_others_pass(db: Database) -> None:
    db.execute("ALTER TABLE outbox ADD COLUMN passed INTEGER NOT NULL DEFAULT 0")
