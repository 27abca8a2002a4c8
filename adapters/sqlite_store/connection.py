"""Connections to the database file: one a thread, writes as immediate transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from adapters.sqlite_store.schema import MIGRATIONS

__all__ = ["Connections"]

BUSY_SECONDS = 60


class Connections:
    """Opens the database and brings its schema up to date."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        db = self.here()
        db.enable_wal()
        MIGRATIONS.apply(db)

    def here(self) -> Database:
        """This thread's connection."""
        db: Database | None = getattr(self._local, "db", None)
        if db is None:
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS)
            # A power cut must not undo an intent that was acted on.
            connection.execute("PRAGMA synchronous = FULL")
            db = self._local.db = Database(connection)
        return db

    @contextmanager
    def write(self) -> Iterator[Database]:
        """A transaction that takes the write lock at once, so that a read in it is still true when it writes.

        Nested uses join the outer transaction.
        """
        db = self.here()
        if db.conn.in_transaction:
            yield db
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.rollback()
            raise
        db.conn.commit()
