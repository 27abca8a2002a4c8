"""Maintenance windows: when they open, also where the clock is changed, and which times can be typed."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from bot.errors import Refused
from bot.settings.schedule import ScheduleConfig, WindowConfig
from bot.when import moment_text, parse_time
from bot.windows import jittered, next_opening, open_window, openings

BERLIN = "Europe/Berlin"
NIGHTLY = WindowConfig(name="nightly", cron="30 2 * * *", minutes=120, timezone=BERLIN)
SUNDAYS = WindowConfig(name="sundays", cron="0 22 * * 0", minutes=240)


def at(text: str, zone: str = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def wall(moment: float, zone: str = BERLIN) -> str:
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def test_a_window_is_open_from_its_opening_until_just_before_its_end() -> None:
    """The first second counts, the last one does not; at its length ago it was open already."""
    for moment, is_open in (
        ("2026-11-23 02:29:59", False),
        ("2026-11-23 02:30", True),
        ("2026-11-23 04:29:59", True),
        ("2026-11-23 04:30", False),
    ):
        assert (open_window([NIGHTLY], "UTC", at(moment)) is not None) is is_open, moment


def test_a_window_without_a_zone_is_in_the_one_of_all() -> None:
    """And Sunday is 0, as in crontab."""
    opening = next_opening([SUNDAYS], BERLIN, at("2026-11-23 12:00"))
    assert opening is not None
    assert wall(opening.start) == "2026-11-29 22:00"
    assert opening.end - opening.start == 4 * 3600


def test_either_day_suffices_as_in_crontab() -> None:
    """The first of the month and Mondays."""
    either = WindowConfig(name="either", cron="0 2 1 * 1", minutes=60)
    days = [wall(each.start) for each in islice(openings(either, BERLIN, at("2026-11-23 12:00")), 3)]
    assert days == ["2026-11-30 02:00", "2026-12-01 02:00", "2026-12-07 02:00"]


def test_the_next_opening_is_the_earliest_of_all_windows_and_never_one_that_is_open() -> None:
    opening = next_opening([SUNDAYS, NIGHTLY], BERLIN, at("2026-11-23 02:30"))
    assert opening is not None
    assert (opening.window.name, wall(opening.start)) == ("nightly", "2026-11-24 02:30")


def test_the_clock_put_forward_moves_an_opening_that_does_not_exist() -> None:
    """On 2027-03-28 there is no 02:30 in Berlin: it opens at 03:30, once, for its whole length."""
    days = list(islice(openings(NIGHTLY, "UTC", at("2027-03-27 12:00")), 2))
    assert [wall(each.start) for each in days] == ["2027-03-28 03:30", "2027-03-29 02:30"]
    assert days[0].end - days[0].start == 7200


def test_the_clock_put_back_opens_a_window_once() -> None:
    """On 2026-10-25 Berlin has 02:30 twice: the first counts, and the two hours are real ones, until 03:30."""
    first, second = islice(openings(NIGHTLY, "UTC", at("2026-10-24 12:00")), 2)
    assert first.start == at("2026-10-25 02:30")
    assert wall(first.end) == "2026-10-25 03:30"
    assert wall(second.start) == "2026-10-26 02:30"
    assert open_window([NIGHTLY], "UTC", first.start + 7199) is not None


def test_a_window_stays_shut_on_skipped_dates() -> None:
    skipping = WindowConfig.model_validate({**NIGHTLY.model_dump(), "skip_dates": ["2026-11-24"]})
    opening = next_opening([skipping], "UTC", at("2026-11-23 12:00"))
    assert opening is not None
    assert wall(opening.start) == "2026-11-25 02:30"
    assert open_window([skipping], "UTC", at("2026-11-24 03:00")) is None


def test_a_window_that_opens_on_skipped_dates_only_never_opens() -> None:
    """The search ends."""
    window = WindowConfig.model_validate(
        {"name": "once", "cron": "0 0 24 12 *", "minutes": 60, "skip_dates": ["2026-12-24", "2027-12-24"]}
    )
    assert next_opening([window], "UTC", at("2026-11-23 12:00")) is None


def test_jitter_stays_in_its_bounds_and_tells_controllers_apart() -> None:
    """The same controller starts at the same moment of the same opening, whoever asks."""
    spread = NIGHTLY.model_copy(update={"jitter_minutes": 30})
    opening = next_opening([spread], "UTC", at("2026-11-23 12:00"))
    assert opening is not None
    starts = [jittered(opening, f"ci-{number}") for number in range(20)]
    assert starts == [jittered(opening, f"ci-{number}") for number in range(20)]
    assert len(set(starts)) == 20
    assert all(opening.start <= start < opening.start + 1800 for start in starts)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"cron": "0 22 * *"}, "five fields"),
        ({"cron": "R 22 * * *"}, "five fields"),
        ({"cron": "60 22 * * *"}, "no cron expression"),
        ({"cron": "0 0 30 2 *"}, "ever comes"),
        ({"timezone": "Europe/Atlantis"}, "no time zone"),
        ({"timezone": "../etc/passwd"}, "no time zone"),
        ({"minutes": 0}, "greater than or equal to 1"),
        ({"jitter_minutes": 240}, "fall into the window"),
        ({"name": "two words"}, "match pattern"),
        ({"skip_dates": ["someday"]}, "date"),
    ],
)
def test_a_window_that_cannot_be_is_refused_with_the_reason(change: dict[str, object], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        WindowConfig.model_validate({**SUNDAYS.model_dump(), **change})


@pytest.mark.parametrize("change", [{"timezone": "nowhere"}, {"reminder_minutes": [0]}, {"grace_minutes": 0}])
def test_a_schedule_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ScheduleConfig.model_validate(change)


NOW = at("2026-11-23 13:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14:05", "2026-11-23 14:05"),
        ("2:00", "2026-11-24 02:00"),
        ("13:00", "2026-11-24 13:00"),
        ("today 23:59", "2026-11-23 23:59"),
        ("Tomorrow 02:00", "2026-11-24 02:00"),
        ("2026-12-01 02:00", "2026-12-01 02:00"),
        ("2026-12-01T02:00", "2026-12-01 02:00"),
        ("2026-12-01t02:00z", "2026-12-01 03:00"),
        ("2026-12-01T02:00-05:00", "2026-12-01 08:00"),
    ],
)
def test_times_are_read_as_people_type_them(text: str, expected: str) -> None:
    """Without an offset in the configured zone; a time of the day is the next one."""
    assert wall(parse_time(text, BERLIN, NOW)) == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "not a time"),
        ("soon", "not a time"),
        ("25:00", "not a time"),
        ("2026-12-01", "not a time"),
        ("2026-13-01 02:00", "not a time"),
        ("today 12:00", "is over"),
        ("2020-01-01 02:00", "is over"),
        ("2027-03-28 02:30", "put forward"),
    ],
)
def test_what_is_no_time_to_come_is_refused_with_examples(text: str, advice: str) -> None:
    with pytest.raises(Refused, match=advice):
        parse_time(text, BERLIN, NOW)


def test_a_moment_is_said_in_every_readers_own_zone() -> None:
    """Where Slack's token is not understood, in the configured one, which is named."""
    token = f"<!date^{int(NOW)}^{{date_short_pretty}} at {{time}}|Mon 2026-11-23 13:00 Europe/Berlin>"
    assert moment_text(NOW, BERLIN) == token
