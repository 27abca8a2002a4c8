"""Timer specifications and the clock's habits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rehearsal.jenkins.cron import CronClock, CronTab

MONDAY = datetime(2026, 11, 23, 10, 30)  # noqa: DTZ001  Jenkins's timers work in the machine's own zone


def minutes(spec: str, hours: int = 24) -> list[datetime]:
    tab = CronTab(spec, "team/app")
    start = MONDAY.replace(hour=0, minute=0)
    return [at for at in (start + timedelta(minutes=step) for step in range(60 * hours)) if tab.matches(at)]


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("* * * * *", 1440),
        ("*/15 * * * *", 96),
        ("0,30 8-9 * * *", 4),
        ("5-10/2 0 * * *", 3),
        ("0 0 * * 1", 1),
        ("0 0 * * 7", 0),
        ("0 0 23 11 *", 1),
    ],
)
def test_fields_lists_ranges_and_steps(spec: str, count: int) -> None:
    """How often each fires on one Monday."""
    assert len(minutes(spec)) == count


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("H * * * *", 24),
        ("H/20 * * * *", 72),
        ("H H * * *", 1),
        ("H H(0-2) * * *", 1),
        ("@hourly", 24),
        ("@midnight", 1),
    ],
)
def test_hash_spreads_by_name_and_stays(spec: str, count: int) -> None:
    """``H`` picks a minute for a name once and for all."""
    assert len(minutes(spec)) == count
    assert minutes(spec) == minutes(spec)


def test_sunday_is_0_and_7() -> None:
    """Both numbers mean Sunday."""
    sunday = MONDAY.replace(day=22, hour=0, minute=0)
    assert all(CronTab(f"0 0 * * {day}", "x").matches(sunday) for day in (0, 7))


def test_comments_and_several_lines() -> None:
    """Any line may match; comments never do."""
    assert len(minutes("# nightly\n0 1 * * *\n0 2 * * *")) == 2


@pytest.mark.parametrize("spec", ["* * * *", "61 * * * *", "5-1 * * * *", "*/0 * * * *", "x * * * *"])
def test_nonsense_is_refused(spec: str) -> None:
    """A line that cannot be understood is an error, not a timer that never fires."""
    with pytest.raises(ValueError, match=r".*"):
        CronTab(spec, "x")


def test_first_tick_also_checks_the_minute_of_the_boot() -> None:
    """Started at 10:30:40, the first look at 10:31:00 fires for 10:30 and for 10:31; later ones for every minute once."""
    now = [MONDAY + timedelta(seconds=40)]
    seen: list[datetime] = []
    clock = CronClock(seen.append, lambda: now[0])
    now[0] = MONDAY + timedelta(minutes=1)
    clock.catch_up()
    assert seen == [MONDAY, MONDAY + timedelta(minutes=1)]
    now[0] = MONDAY + timedelta(minutes=3, seconds=1)
    clock.catch_up()
    assert seen[2:] == [MONDAY + timedelta(minutes=2), MONDAY + timedelta(minutes=3)]
    clock.catch_up()
    assert len(seen) == 4
