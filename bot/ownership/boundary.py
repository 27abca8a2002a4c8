"""When ownership may move: never near a minute boundary, because timers tick there.

A controller's cron thread fires at a minute boundary or up to about a second after it, and its first tick after a start also
checks the minute it started in (``hudson.triggers.Trigger.Cron``). So the new owner must have had its first tick, refused by
its guard, before it is released.
"""

from __future__ import annotations

import math

__all__ = ["AFTER_SECONDS", "BEFORE_SECONDS", "cutoff_of_old_timers", "next_safe_moment"]

AFTER_SECONDS = 4.0
"""Ticks of the minute are over this long after the boundary."""
BEFORE_SECONDS = 8.0
"""A handover takes about a second; this much must be left before the next boundary."""


def next_safe_moment(now: float, booted_at: float, before: float = BEFORE_SECONDS) -> float:
    """The earliest moment from ``now`` at which ownership may move to an instance that was started at ``booted_at``.

    All in epoch seconds; ``before`` is how many seconds must be left before the next boundary.
    """
    now = max(now, _next_minute(booted_at) + AFTER_SECONDS)
    minute = math.floor(now / 60) * 60
    if now < minute + AFTER_SECONDS:
        return minute + AFTER_SECONDS
    if now > minute + 60 - before:
        return minute + 60 + AFTER_SECONDS
    return now


def cutoff_of_old_timers(released_at: float) -> float:
    """Timer items that the old owner queued before this time are its own; from then on the new owner's timers fire."""
    return _next_minute(released_at)


def _next_minute(moment: float) -> float:
    return (math.floor(moment / 60) + 1) * 60
