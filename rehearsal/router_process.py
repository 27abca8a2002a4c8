"""A router as a process of this machine: started, waited for, ended. Envoy and HAProxy say how."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["RouterProcess"]

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
LAST_WORDS = 20
"""Lines of the log in an error text."""


class RouterProcess:
    """As a context manager it runs inside the block; it can also be stopped and started again."""

    def __init__(self, name: str, log: Path) -> None:
        self._name = name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it serves.

        :raises RuntimeError: when it ends instead, or takes too long; the text holds the end of its log.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """End it; returns when it has ended. A stopped one is fine."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, command: Sequence[str], ready: Callable[[], bool]) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self._await(ready)

    def _await(self, ready: Callable[[], bool]) -> None:
        assert self._process is not None, "it was started"
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_WORDS:]
                raise RuntimeError(f"{self._name} did not start:\n" + "\n".join(words))
            time.sleep(0.02)
