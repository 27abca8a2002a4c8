"""Files that a router reads at its start: it must never see half of one, also not after a power cut."""

from __future__ import annotations

import os
from pathlib import Path

from bot.errors import Permanent

__all__ = ["holds", "replace"]


def holds(path: Path, text: str) -> bool:
    """Whether the file has exactly this content."""
    try:
        return path.read_bytes() == text.encode()
    except OSError:  # missing or unreadable: it is written again, which tells why where it cannot
        return False


def replace(path: Path, text: str) -> None:
    """Write the file under a temporary name beside it, then rename it.

    :raises Permanent: when it cannot be written.
    """
    temporary = path.with_suffix(".tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise Permanent(f"cannot write {path}: {error.strerror or error}") from error
