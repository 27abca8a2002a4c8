"""The store on SQLite: one file, one process, one connection a thread."""

from adapters.sqlite_store.lock import hold_lock
from adapters.sqlite_store.store import SqliteStore

__all__ = ["SqliteStore", "hold_lock"]
