"""The journal's rows, chained as they are written."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from bot.audit import START, chained
from bot.store import Entry

__all__ = ["entry_of", "insert_entry", "journal_rows"]


def insert_entry(db: Any, entry: Entry) -> None:
    """In the caller's write transaction, so that no other row comes between this one and the one before."""
    newest = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = newest if newest else (0, START)
    row = dataclasses.asdict(entry)
    row["detail"] = json.dumps(entry.detail, ensure_ascii=False) if entry.detail is not None else None
    row["seq"] = seq + 1
    # SQLite keeps a whole number in a column for floats as a float; the hash must see what is read back.
    row["at"] = float(row["at"])
    db.table("journal").insert({**row, "hash": chained(previous, row)})


def entry_of(row: dict[str, Any]) -> Entry:
    values = {field.name: row[field.name] for field in dataclasses.fields(Entry)}
    return Entry(**{**values, "detail": json.loads(row["detail"]) if row["detail"] else None})


def journal_rows(db: Any) -> Iterator[dict[str, Any]]:
    """Every row in its order, with its hash."""
    yield from db.table("journal").rows_where(order_by="seq")
