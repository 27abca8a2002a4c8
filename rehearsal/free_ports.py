"""Addresses on this machine that nothing listens on."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["PortTaken", "free_port", "free_range", "require_free"]

LOWEST, HIGHEST = 20_000, 32_000
"""Below what the kernel gives to outgoing connections, which would otherwise take a port between the choice and its use."""
TRIES = 200
_given: set[int] = set()
"""What was chosen before is not used yet, perhaps."""


class PortTaken(Exception):
    """Something else listens there."""


def free_port() -> int:
    """:raises PortTaken: when none could be found."""
    return free_range(1)[0]


def free_range(count: int) -> range:
    """Consecutive free ports.

    :raises PortTaken: when none could be found.
    """
    for _ in range(TRIES):
        first = random.randrange(LOWEST, HIGHEST - count)
        chosen = range(first, first + count)
        if _given.isdisjoint(chosen) and all(_is_free(port) and _reserve(port) for port in chosen):
            _given.update(chosen)
            return chosen
    raise PortTaken(f"no {count} free ports between {LOWEST} and {HIGHEST}")


def require_free(port: int) -> None:
    """:raises PortTaken: when it is in use."""
    if not _is_free(port):
        raise PortTaken(f"port {port} is taken: end what listens there, or choose another with --port")


def _reserve(port: int) -> bool:
    """Keep other processes that look here from choosing it too, until this one ends: some time passes until it is bound."""
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    return True


@cache
def _reservations() -> int:
    """A file of which a process locks one byte for each port that it has chosen."""
    path = Path(tempfile.gettempdir()) / f"ci-upgrade-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are only fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
