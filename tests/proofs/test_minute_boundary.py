"""Why ownership never moves near a minute boundary: two cron clocks with the habits of real ones, and a handover at each moment."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from bot.ownership.boundary import next_safe_moment
from rehearsal.jenkins.cron import CronClock

START = datetime(2026, 11, 23, 10, 0)  # noqa: DTZ001  Jenkins's timers work in the machine's own zone
TICKS = {"old": 0.1, "new": 0.9}
"""Seconds after the boundary at which each side's cron thread wakes; a real one may be up to about a second late."""


class Timers:
    """An owner and a follower with a job for every minute; the follower's guard refuses what its clock fires."""

    def __init__(self, booted: float) -> None:
        self.now = START
        self.owner = "old"
        self.fired: Counter[datetime] = Counter()
        self.clocks = {"old": self._clock("old")}
        self._pass_to(booted)
        self.clocks["new"] = self._clock("new")

    def run(self, release: float, until: float) -> Counter[datetime]:
        """Hand over at ``release`` seconds after the start; what fired in each minute until ``until``."""
        self._pass_to(release)
        self.owner = "new"
        self._pass_to(until)
        return self.fired

    def _clock(self, side: str) -> CronClock:
        def check(minute: datetime) -> None:
            if self.owner == side:
                self.fired[minute] += 1

        return CronClock(check, lambda: self.now)

    def _pass_to(self, seconds: float) -> None:
        end = START + timedelta(seconds=seconds)
        minutes = range(int(seconds // 60) + 1)
        ticks = sorted(
            (START + timedelta(minutes=minute, seconds=late), side)
            for minute in minutes
            for side, late in TICKS.items()
        )
        for at, side in ticks:
            if self.now < at <= end and side in self.clocks:
                self.now = at
                self.clocks[side].catch_up()
        self.now = end


def minutes(first: int, last: int) -> Counter[datetime]:
    return Counter(START + timedelta(minutes=minute) for minute in range(first, last + 1))


@pytest.mark.parametrize("booted", [65.0, 95.0, 119.5])
@pytest.mark.parametrize("asked", [121.0, 150.0, 179.5, 180.0, 180.5, 181.5, 239.9])
def test_at_a_safe_moment_every_timer_fires_once_in_every_minute(booted: float, asked: float) -> None:
    """Whenever the handover is asked for, the rule moves it to where both clocks agree."""
    start = START.timestamp()
    release = next_safe_moment(start + asked, start + booted) - start
    assert Timers(booted).run(release, 330) == minutes(0, 5)


def test_a_handover_at_the_boundary_doubles_a_timer() -> None:
    """The old owner has fired the minute, the new one's clock is a little late and fires it again."""
    fired = Timers(65.0).run(180.5, 330)
    assert fired - minutes(0, 5) == Counter({START + timedelta(minutes=3): 1})


def test_a_handover_at_the_boundary_loses_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round: the new owner's clock was refused already, the old one's comes too late."""
    monkeypatch.setitem(TICKS, "old", 0.9)
    monkeypatch.setitem(TICKS, "new", 0.1)
    fired = Timers(65.0).run(180.5, 330)
    assert minutes(0, 5) - fired == Counter({START + timedelta(minutes=3): 1})


def test_an_owner_released_before_its_first_tick_doubles_the_minute_of_its_boot() -> None:
    """Its first tick also checks the minute that it was started in, which the old owner has fired long ago."""
    fired = Timers(125.0).run(150.0, 330)
    assert fired - minutes(0, 5) == Counter({START + timedelta(minutes=2): 1})
