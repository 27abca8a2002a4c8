"""A sign of life in the state directory, for health checks: a file that a serving bot touches again and again."""

from __future__ import annotations

from pathlib import Path

__all__ = ["OLD_SECONDS", "age", "beat"]

OLD_SECONDS = 30.0
"""A bot that serves has given a sign within this time, however busy the machine is."""


def beat(state_directory: Path) -> None:
    (state_directory / "alive").touch()


def age(state_directory: Path, now: float) -> float | None:
    """Seconds since the last sign (``now`` in epoch seconds); None when there never was one."""
    try:
        return now - (state_directory / "alive").stat().st_mtime
    except FileNotFoundError:
        return None
