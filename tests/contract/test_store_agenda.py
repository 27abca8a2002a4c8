"""Locks and the schedule on a real database file, also on one of an older release."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
from pathlib import Path

import pytest

from adapters.sqlite_store import SqliteStore
from bot.errors import Conflict, Refused
from bot.locks import Lock
from bot.schedule import ScheduledStart, StartStatus

START = ScheduledStart("s1", "main", "2.516.3", 2000.0, "U1", "ann", "C1", 1000.0)


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "state.db")


def test_a_scheduled_start_is_read_back_as_it_was_written(store: SqliteStore, tmp_path: Path) -> None:
    """With every kind of field, also by another process's connection."""
    full = dataclasses.replace(
        START, window="nightly", traffic=(10, "handover", 100), plugins="latest", reason="ü", note="n"
    )
    store.add_start(full)
    other = SqliteStore(tmp_path / "state.db")
    assert other.scheduled_start("s1") == full
    assert other.open_starts() == (full,)
    assert other.scheduled_start("s2") is None


def test_the_earliest_start_comes_first_and_closed_ones_are_left_out(store: SqliteStore) -> None:
    later = dataclasses.replace(START, id="s0", controller="a", at=3000.0)
    closed = dataclasses.replace(START, id="s2", controller="b", status=StartStatus.CANCELLED)
    for start in (later, START, closed):
        store.add_start(start)
    assert store.open_starts() == (START, later)


def test_a_controller_has_one_open_start(store: SqliteStore) -> None:
    """The refusal names it; a closed one makes room."""
    store.add_start(START)
    second = dataclasses.replace(START, id="s2")
    with pytest.raises(Refused, match="s1"):
        store.add_start(second)
    store.change_start(dataclasses.replace(START, status=StartStatus.CANCELLED), StartStatus.WAITING)
    store.add_start(second)
    assert store.open_starts() == (second,)


def test_a_change_of_a_start_that_somebody_changed_is_not_written(store: SqliteStore) -> None:
    store.add_start(START)
    cancelled = dataclasses.replace(START, status=StartStatus.CANCELLED)
    store.change_start(cancelled, StartStatus.WAITING)
    with pytest.raises(Conflict):
        store.change_start(dataclasses.replace(START, status=StartStatus.STARTING), StartStatus.WAITING)
    assert store.scheduled_start("s1") == cancelled


def test_of_many_that_take_a_start_up_one_wins(store: SqliteStore) -> None:
    store.add_start(START)
    won: list[int] = []

    def take(number: int) -> None:
        taken = dataclasses.replace(START, status=StartStatus.STARTING, note=str(number))
        try:
            store.change_start(taken, StartStatus.WAITING)
        except Conflict:
            return
        won.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = won
    kept = store.scheduled_start("s1")
    assert kept is not None
    assert kept.note == str(winner)


def test_the_first_lock_stays_until_it_is_removed(store: SqliteStore, tmp_path: Path) -> None:
    first, second = Lock("main", "first", 1.0, "U1"), Lock("main", "second", 2.0, None, "u1")
    assert store.add_lock(first) == first
    assert store.add_lock(second) == first
    assert SqliteStore(tmp_path / "state.db").lock_of("main") == first
    assert store.lock_of("other") is None
    assert store.remove_lock("main") == first
    assert store.remove_lock("main") is None
    assert store.add_lock(second) == second


def test_a_database_of_an_older_release_gets_the_tables(tmp_path: Path) -> None:
    """What is in it stays."""
    path = tmp_path / "state.db"
    SqliteStore(path).put_document("kept", {"a": 1})
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE locks")
        db.execute("DROP TABLE scheduled_starts")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'locks_and_scheduled_starts'")
    db.close()
    store = SqliteStore(path)
    store.add_start(START)
    assert store.lock_of("main") is None
    assert store.document("kept") == {"a": 1}
