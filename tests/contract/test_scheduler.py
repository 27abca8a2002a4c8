"""The scheduler on real threads: what is due at a time is called, whatever hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from adapters.scheduler import TICK_THREADS, ApScheduler

PATIENCE_SECONDS = 20.0
"""Bounds a failure only."""


@pytest.fixture
def scheduler() -> Iterator[ApScheduler]:
    scheduler = ApScheduler()
    scheduler.start()
    yield scheduler
    scheduler.close()


def test_a_timer_does_not_wait_for_ticks_that_hang(scheduler: ApScheduler) -> None:
    """Every thread for ticks sits in a script on a dead controller: wakes, rollbacks and scheduled starts are called all the same."""
    free, called = threading.Event(), threading.Event()
    hanging = threading.Barrier(TICK_THREADS + 1)

    def hang() -> None:
        hanging.wait(PATIENCE_SECONDS)
        free.wait(PATIENCE_SECONDS)

    try:
        for number in range(TICK_THREADS):
            scheduler.every(f"follow:{number}", 3600.0, hang)
        hanging.wait(PATIENCE_SECONDS)
        scheduler.at("wake:u1", time.time(), called.set)
        assert called.wait(PATIENCE_SECONDS / 2)
    finally:
        free.set()


def test_the_same_key_again_replaces_a_call_and_a_cancelled_one_is_not_made(scheduler: ApScheduler) -> None:
    calls: list[str] = []
    done = threading.Event()
    later = time.time() + 3600
    scheduler.at("wake:u1", later, lambda: calls.append("replaced"))
    scheduler.at("wake:u2", later, lambda: calls.append("cancelled"))
    scheduler.cancel("wake:u2")
    scheduler.cancel("never armed")
    scheduler.at("wake:u1", 0.0, done.set)
    assert done.wait(PATIENCE_SECONDS), "a time that is past is now"
    assert calls == []
