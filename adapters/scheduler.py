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

THREADS = 16


class ApScheduler:
    """Implements :class:`bot.ports.Scheduler`."""

    def __init__(self) -> None:
        # It warns whenever a tick is left out because the one before still runs, as is meant here.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(THREADS)},
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
            call, "date", run_date=datetime.fromtimestamp(when, UTC), id=key, replace_existing=True
        )

    def every(self, key: str, seconds: float, call: Callable[[], None]) -> None:
        self._scheduler.add_job(
            call, "interval", seconds=seconds, id=key, replace_existing=True, next_run_time=datetime.now(UTC)
        )

    def cancel(self, key: str) -> None:
        with contextlib.suppress(JobLookupError):  # never armed, or fired already
            self._scheduler.remove_job(key)
