"""When maintenance windows are open. Pure.

A window opens by the wall clock of its zone and stays open for its length in real time. An opening that the change to summer time
leaves out (02:30 on that night) comes as much later as the clock was put forward; one that the change to winter time brings twice
is the first of the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from bot.settings.schedule import WindowConfig

__all__ = ["Opening", "jittered", "next_opening", "open_window", "openings"]

HORIZON_SECONDS = 400 * 86400
"""Skipped dates can close a window for good: the search for its next opening ends after this time."""
LONGEST_SHIFT = timedelta(hours=3)
"""No zone puts its clock forward or back by more."""


@dataclass(frozen=True, slots=True)
class Opening:
    window: WindowConfig
    start: float
    """Epoch seconds."""
    end: float


def openings(window: WindowConfig, zone: str, after: float) -> Iterator[Opening]:
    """Those that end after this moment (epoch seconds), in order. ``zone``: of windows that name none."""
    tz = ZoneInfo(window.timezone or zone)
    length = window.minutes * 60
    begin = datetime.fromtimestamp(after - length, tz).replace(tzinfo=None) - LONGEST_SHIFT
    walls = croniter(window.cron, begin)
    until = after + HORIZON_SECONDS
    while True:
        wall: datetime = walls.get_next(datetime)
        start = wall.replace(tzinfo=tz).astimezone(UTC).timestamp()
        if start > until:
            return
        if wall.date() not in window.skip_dates and start + length > after:
            yield Opening(window, start, start + length)


def open_window(windows: Iterable[WindowConfig], zone: str, at: float) -> Opening | None:
    """One that is open at this moment."""
    for window in windows:
        first = next(openings(window, zone, at), None)
        if first is not None and first.start <= at:
            return first
    return None


def next_opening(windows: Sequence[WindowConfig], zone: str, after: float) -> Opening | None:
    """The earliest that begins after this moment; None when no window opens within a year."""
    coming = (_next(window, zone, after) for window in windows)
    return min((opening for opening in coming if opening), key=lambda opening: opening.start, default=None)


def _next(window: WindowConfig, zone: str, after: float) -> Opening | None:
    return next((opening for opening in openings(window, zone, after) if opening.start > after), None)


def jittered(opening: Opening, controller: str) -> float:
    """When this controller starts in the opening (epoch seconds): always the same moment, another one for other controllers."""
    digest = hashlib.sha256(f"{controller} {opening.start:.0f}".encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 2**32
    return opening.start + share * opening.window.jitter_minutes * 60
