"""APScheduler as a timer: its jobs live in memory and are armed again from the database at every start."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

__all__ = ["ApScheduler"]

TIMER_THREADS = 8
TICK_THREADS = 32
"""A tick of a controller that hangs sits in its thread for minutes; so many may before others are late."""


class ApScheduler:
    """Implements :class:`bot.ports.Scheduler`.

    What is due at a time has threads of its own: a wake, a rollback or a scheduled start never waits for ticks that hang.
    """

    def __init__(self) -> None:
        # It warns whenever a tick is left out because the one before still runs, as is meant here.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            executors={
                "timers": ThreadPoolExecutor(TIMER_THREADS),
                "ticks": ThreadPoolExecutor(TICK_THREADS),
            },
            # A late call is still a call (misfire_grace_time=None); ticks that pile up while one is slow become one.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )

    def start(self) -> None:
        self._scheduler.start()

    def close(self) -> None:
        """Fire nothing any more; calls that run now are left to end."""
        self._scheduler.shutdown(wait=False)

    def at(self, key: str, when: float, call: Callable[[], None]) -> None:
        self._scheduler.add_job(
            call,
            "date",
            run_date=datetime.fromtimestamp(when, UTC),
            id=key,
            executor="timers",
            replace_existing=True,
        )

    def every(self, key: str, seconds: float, call: Callable[[], None]) -> None:
        self._scheduler.add_job(
            call,
            "interval",
            seconds=seconds,
            id=key,
            executor="ticks",
            replace_existing=True,
            next_run_time=datetime.now(UTC),
        )

    def cancel(self, key: str) -> None:
        with contextlib.suppress(JobLookupError):  # never armed, or fired already
            self._scheduler.remove_job(key)
