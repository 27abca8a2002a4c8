"""The journal as a chain: each row carries a hash of itself and of the row before, so that a later change of either shows. Pure.

What a chain shows and what it does not: a row that was edited, taken out, put in or moved breaks it there. Whoever can write the
whole database can also write the whole chain anew; that shows only against a hash that somebody else has kept, which is why the
report at the end of an upgrade names the newest one in Slack.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["FIELDS", "START", "chained", "first_fault", "linked"]

FIELDS = ("seq", "upgrade", "at", "kind", "step", "attempt", "name", "actor", "detail")
"""What the hash covers, besides the hash before; ``detail`` as the text that is stored."""
START = ""
"""The hash before the first row."""


def chained(previous: str, row: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a row behind ``previous``: of the JSON array of that hash and the fields in their order."""
    content = json.dumps(
        [previous, *(row[field] for field in FIELDS)], ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def linked(rows: Iterable[Mapping[str, Any]], previous: str = START) -> Iterator[dict[str, Any]]:
    """Rows of the whole journal in their order, each with ``previous``: the hash before it. So a part of them can be checked too."""
    for row in rows:
        yield {**{field: row[field] for field in FIELDS}, "previous": previous, "hash": row["hash"]}
        previous = row["hash"]


def first_fault(rows: Iterable[Mapping[str, Any]], *, part: bool = False) -> str | None:
    """Where the chain breaks, in a sentence; None when it does not.

    ``rows`` as :func:`linked` makes them. They must be the journal from its first row on without a gap; with ``part`` some may
    be left out, such as those of other upgrades.
    """
    last, before = 0, START
    for row in rows:
        seq, previous = row["seq"], row["previous"]
        in_order = seq == last + 1 or (part and seq > last)
        behind_it = previous == before or (part and seq != last + 1)
        if not in_order or not behind_it or chained(previous, row) != row["hash"]:
            where = f"behind entry {last}" if last else "at its beginning"
            return f"the chain breaks {where}: entry {seq} was changed, or entries before it were taken out, put in or moved"
        last, before = seq, row["hash"]
    return None
