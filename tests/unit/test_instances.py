"""Retired instances wait to be removed: none is forgotten, and none comes back to the list."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from adapters.sqlite_store import SqliteStore
from bot.instances import forget_retired, remember_retired, retired
from bot.model import Instance


def instance(number: int) -> Instance:
    return Instance(f"main-u{number}", "2.426.2", "http://old", "/home", None, {"pid_file": "/pid"})


def together(*acts: Callable[[], None]) -> None:
    """Each in a thread of its own."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_upgrade_that_ends_and_the_housekeeping_do_not_undo_each_other(tmp_path: Path) -> None:
    """One adds an instance while the other takes one out, again and again."""
    store = SqliteStore(tmp_path / "state.db")
    for number in range(0, 40, 2):
        remember_retired(store, "main", instance(number), 1.0)

    def end_upgrades() -> None:
        for number in range(1, 40, 2):
            remember_retired(store, "main", instance(number), 2.0)

    def keep_house() -> None:
        for number in range(0, 40, 2):
            forget_retired(store, "main", instance(number))

    together(end_upgrades, keep_house)
    assert {one.name for one, _ in retired(store, "main")} == {f"main-u{n}" for n in range(1, 40, 2)}


def test_an_instance_is_retired_once(tmp_path: Path) -> None:
    """A restarted step says it again: the newest time counts."""
    store = SqliteStore(tmp_path / "state.db")
    remember_retired(store, "main", instance(1), 1.0)
    remember_retired(store, "main", instance(1), 5.0)
    assert retired(store, "main") == [(instance(1), 5.0)]
    assert retired(store, "other") == []
