"""Programs of the stage: each in a process group of its own, so that its end takes everything with it that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["Supervisor", "end_group", "end_recorded", "spawn", "tail"]

STOP_SECONDS = 10.0
CRASHES, CRASH_SECONDS = 5, 20.0
"""So many unplanned ends within this time are no accident."""


def spawn(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program; its output is appended to the log."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end_group(process: subprocess.Popen[bytes], *, at_once: bool = False) -> None:
    """SIGTERM (unless at once), SIGKILL for what is left; a group that has ended is fine."""
    if not at_once and process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_recorded(pid_file: Path, home: Path) -> None:
    """Kill the group of the process that a pid file names, if it is still one that works in ``home``."""
    try:
        pid = int(pid_file.read_text())
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return
    if f"JENKINS_HOME={home}".encode() in environment:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, empty when there is none."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


class Supervisor:
    """Keeps one program running: starts it again at once when it ends, as a service manager would."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        planned_ends: Callable[[], int],
    ) -> None:
        """``planned_ends``: how often the program has killed itself on purpose so far; such ends are no crashes."""
        self._command = command
        self._environment = environment
        self._log = log
        self._planned_ends = planned_ends
        self._stopping = threading.Event()
        self._process = spawn(command, environment, log)
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.crashed = threading.Event()
        """Set when it was given up because it ends again and again."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        end_group(self._process)
        self._thread.join()

    def _watch(self) -> None:
        crashes: list[float] = []
        planned = self._planned_ends()
        while not self._stopping.is_set():
            self._process.wait()
            if self._stopping.is_set():
                return
            if self._planned_ends() > planned:
                planned = self._planned_ends()
            else:
                crashes = [at for at in crashes if time.monotonic() - at < CRASH_SECONDS] + [time.monotonic()]
            if len(crashes) >= CRASHES:
                self.crashed.set()
                return
            self._process = spawn(self._command, self._environment, self._log)
