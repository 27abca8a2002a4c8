"""Threads that drive upgrades: one each, woken when something changed or is due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from bot.stop_token import StopToken

__all__ = ["Drive", "Run", "ThreadWorkers", "Workers"]

log = logging.getLogger(__name__)

AFTER_DEFECT_SECONDS = 5.0


class Run:
    """What a driver is given to run steps with: the token of the running step, and whether the process is ending."""

    def __init__(self) -> None:
        self.token: StopToken | None = None
        """None between steps."""
        self.closing = False

    def interrupt(self) -> None:
        if self.token is not None:
            self.token.set()


Drive = Callable[[str, Run], bool]
"""Does everything that can be done now for an upgrade; False when it has ended."""


class Workers(Protocol):
    def wake(self, upgrade: str) -> None:
        """Something changed: look at the upgrade again."""

    def interrupt(self, upgrade: str) -> None:
        """Stop the running step (it is not a failure) and look at the upgrade again."""

    def close(self) -> None:
        """Stop everything within about a second; upgrades stay resumable."""


class ThreadWorkers:
    """Implements :class:`Workers`."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._threads: dict[str, _Thread] = {}
        self._lock = threading.Lock()

    def wake(self, upgrade: str) -> None:
        self._thread(upgrade).woken.set()

    def interrupt(self, upgrade: str) -> None:
        thread = self._thread(upgrade)
        thread.current.interrupt()
        thread.woken.set()

    def close(self) -> None:
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.current.closing = True
            thread.current.interrupt()
            thread.woken.set()
        for thread in threads:
            thread.join(timeout=5)

    def _thread(self, upgrade: str) -> _Thread:
        with self._lock:
            thread = self._threads.get(upgrade)
            if thread is None or not thread.is_alive():
                thread = self._threads[upgrade] = _Thread(upgrade, self._drive)
                thread.start()
            return thread


class _Thread(threading.Thread):
    def __init__(self, upgrade: str, drive: Drive) -> None:
        super().__init__(name=f"upgrade-{upgrade}", daemon=True)
        self.current = Run()
        self.woken = threading.Event()
        self._upgrade = upgrade
        self._drive = drive

    def run(self) -> None:
        while not self.current.closing:
            self.woken.clear()
            try:
                if not self._drive(self._upgrade, self.current):
                    return
            except Exception:  # a defect must not end the thread silently: say it and look again later
                log.exception("upgrade %s: unexpected error", self._upgrade)
                self.woken.wait(AFTER_DEFECT_SECONDS)
                continue
            self.woken.wait()
