"""One process per state file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import ConfigurationError

__all__ = ["hold_lock"]


@contextmanager
def hold_lock(directory: Path) -> Iterator[None]:
    """Hold the state directory for this process; the kernel lets go of it however the process ends.

    :raises ConfigurationError: when another bot holds it; the text says which.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"cannot use state_directory {directory}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 100).decode(errors="replace").strip() or "unknown"
            raise ConfigurationError(
                f"another ci-upgrade already uses {directory} (process {holder}): stop it, or give this one its own state_directory"
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
