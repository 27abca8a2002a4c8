"""Local processes that outlive their starter, found again by pid file and start time."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Found", "environment_of", "find", "memory_available_bytes", "spawn", "terminate", "usage"]

_LAUNCH = 'cd "$1" && echo $$ > "$2" && shift 2 && exec "$@"'
"""The shell writes its own pid and then becomes the program: there is no moment in which it runs unrecorded."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Found:
    pid: int
    started: int
    """Kernel ticks since boot: tells a process from a later one with the same pid."""


def spawn(
    command: Sequence[str], environment: Mapping[str, str], directory: Path, log: Path, pid_file: Path
) -> None:
    """Start a program in a session of its own; its output is appended to the log."""
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    # Not subprocess: nobody here waits for a program that is meant to outlive its starter.
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.posix_spawn(
        "/bin/sh",
        ["/bin/sh", "-c", _LAUNCH, "sh", str(directory.absolute()), str(pid_file.absolute()), *command],
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def find(pid_file: Path, is_it: Callable[[int], bool]) -> Found | None:
    """The living process that the file names; None when it is gone or ``is_it`` says that the pid belongs to another program."""
    try:
        pid = int(pid_file.read_text().strip())
    except (OSError, ValueError):
        return None
    started = _started(pid)
    if started is None or not is_it(pid):
        return None
    return Found(pid, started)


def terminate(found: Found, grace_seconds: float) -> None:
    """SIGTERM, then SIGKILL after the grace; returns when the process has ended."""
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
        if _started(found.pid) != found.started:
            return
        os.kill(found.pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            _reap(found.pid)
            if _started(found.pid) != found.started:
                return
            time.sleep(0.05)


def usage(found: Found) -> tuple[int, float]:
    """Resident memory in bytes and CPU seconds."""
    try:
        resident = int(Path(f"/proc/{found.pid}/statm").read_text().split()[1]) * _PAGE
        fields = Path(f"/proc/{found.pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return 0, 0.0
    return resident, (int(fields[11]) + int(fields[12])) / _TICKS


def memory_available_bytes() -> int | None:
    """Of this machine, without swapping; None where the system does not tell."""
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with; empty when it cannot be read."""
    try:
        pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return {
        key.decode(): value.decode(errors="replace")
        for key, _, value in (pair.partition(b"=") for pair in pairs)
        if key
    }


def _started(pid: int) -> int | None:
    """Start time from /proc; None for a process that is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # started by an earlier bot: init reaps it
