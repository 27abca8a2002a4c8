"""Durable messages to people: the newest content of each (upgrade, key) and what Slack shows of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from adapters.sqlite_store.connection import Connections
from bot.content import Content, from_json, to_json
from bot.ports import OutboxRow

__all__ = ["SqliteOutbox"]

# A thread is a story: what is new in it waits for what was said before and is not shown yet, unless that is to be passed.
_DUE = """
WITH next AS (
  SELECT upgrade, min(id) AS id FROM outbox
  WHERE ts IS NULL AND shown < generation AND given_up = 0 AND passed = 0 AND key <> 'dashboard'
  GROUP BY upgrade
)
SELECT o.*, parent.ts AS thread_ts FROM outbox o
LEFT JOIN outbox parent ON parent.upgrade = o.upgrade AND parent.key = 'dashboard' AND o.key <> 'dashboard'
LEFT JOIN next ON next.upgrade = o.upgrade
WHERE o.shown < o.generation AND o.given_up = 0 AND o.due_at <= ?
  AND (o.key = 'dashboard' OR parent.ts IS NOT NULL AND (o.ts IS NOT NULL OR next.id IS NULL OR o.id <= next.id))
ORDER BY o.key <> 'dashboard', o.id
"""

READ_AT_ONCE = 1024
"""Contents that are kept as objects: about what thirty upgrades say during an hour in which Slack is down."""


@lru_cache(READ_AT_ONCE)
def _content(text: str) -> Content:
    """Whoever delivers asks for everything that is due before each message, so most of it was read a second ago."""
    return from_json(json.loads(text))


class SqliteOutbox:
    """Implements :class:`bot.ports.Outbox`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def put(self, upgrade: str, key: str, channel: str, content: Content) -> None:
        text = json.dumps(to_json(content), ensure_ascii=False)
        with self._connections.write() as db:
            db.execute(
                """INSERT INTO outbox (upgrade, key, channel, content, generation, shown, attempts, due_at, given_up)
                   VALUES (?, ?, ?, ?, 1, 0, 0, 0, 0)
                   ON CONFLICT (upgrade, key) DO UPDATE SET content = excluded.content, generation = generation + 1,
                     attempts = CASE WHEN given_up THEN 0 ELSE attempts END,
                     passed = CASE WHEN given_up THEN 0 ELSE passed END, given_up = 0
                   WHERE content <> excluded.content""",
                [upgrade, key, channel, text],
            )

    def due(self, now: float) -> Sequence[OutboxRow]:
        return [
            OutboxRow(
                id=row["id"],
                upgrade=row["upgrade"],
                key=row["key"],
                channel=row["channel"],
                content=_content(row["content"]),
                generation=row["generation"],
                ts=row["ts"],
                thread_ts=row["thread_ts"],
                attempts=row["attempts"],
                posting_at=row["posting_at"],
            )
            for row in self._connections.here().query(_DUE, [now])
        ]

    def withdraw(self, upgrade: str, key: str) -> None:
        with self._connections.write() as db:
            # Not deleted: its id may be in the hands of the thread that delivers, and must not name another row.
            db.execute(
                """UPDATE outbox SET shown = generation, error = NULL
                   WHERE upgrade = ? AND key = ? AND ts IS NULL AND posting_at IS NULL""",
                [upgrade, key],
            )

    def posting(self, id: int, at: float) -> None:
        with self._connections.write() as db:
            db.execute("UPDATE outbox SET posting_at = ? WHERE id = ?", [at, id])

    def sent(self, id: int, generation: int, ts: str) -> None:
        with self._connections.write() as db:
            db.execute(
                "UPDATE outbox SET shown = ?, ts = ?, attempts = 0, due_at = 0, error = NULL, posting_at = NULL WHERE id = ?",
                [generation, ts, id],
            )

    def retry(
        self, id: int, at: float, error: str, *, maybe_posted: bool = False, passed: bool = False
    ) -> None:
        with self._connections.write() as db:
            db.execute(
                """UPDATE outbox SET attempts = attempts + 1, due_at = ?, error = ?, passed = ?,
                   posting_at = CASE WHEN ? THEN posting_at END WHERE id = ?""",
                [at, error, passed, maybe_posted, id],
            )

    def give_up(self, id: int, error: str, quiet_until: float = 0.0) -> None:
        with self._connections.write() as db:
            db.execute(
                "UPDATE outbox SET given_up = 1, error = ?, due_at = ?, posting_at = NULL WHERE id = ?",
                [error, quiet_until, id],
            )

    def upgrade_shown_at(self, channel: str, ts: str) -> str | None:
        rows = list(
            self._connections.here().query(
                "SELECT upgrade FROM outbox WHERE channel = ? AND ts = ? LIMIT 1", [channel, ts]
            )
        )
        return rows[0]["upgrade"] if rows else None

    def undelivered(self, since: float = 0.0) -> tuple[int, str | None]:
        rows = list(
            self._connections.here().query(
                """SELECT count(*) AS waiting, max(o.error) AS error FROM outbox o
                   LEFT JOIN upgrades u ON u.id = o.upgrade
                   WHERE o.shown < o.generation AND (u.live = 1 OR u.created_at >= ? OR u.id IS NULL AND o.given_up = 0)""",
                [since],
            )
        )
        return rows[0]["waiting"], rows[0]["error"]
