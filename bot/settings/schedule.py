"""When upgrades may start: maintenance windows, reminders and the zone in which times are typed."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterError
from pydantic import Field, field_validator, model_validator

from bot.settings.section import Section

__all__ = ["ScheduleConfig", "WindowConfig"]

LONGEST_WINDOW_MINUTES = 7 * 24 * 60


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:  # it is looked for as a file
        raise ValueError(f"{value!r} is no time zone: write it like Europe/Berlin or UTC") from error
    return value


class ScheduleConfig(Section):
    """For all controllers."""

    timezone: str = "UTC"
    """The zone of times that are typed, and of windows that name none."""
    reminder_minutes: tuple[int, ...] = (30, 5)
    """So long before a scheduled start the channel is reminded."""
    grace_minutes: float = Field(default=5, gt=0)
    """A start that comes later than this after its time (the bot was down) is asked about instead."""

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        return _known_zone(value)

    @field_validator("reminder_minutes")
    @classmethod
    def _before_the_start(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(minutes < 1 for minutes in value):
            raise ValueError("must be minutes before the start, each at least 1")
        return value


class WindowConfig(Section):
    """A time that comes again and again, in which a controller's upgrades may start."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")
    cron: str
    """When it opens, as in crontab(5): minute, hour, day of the month, month, day of the week (0 and 7 are Sunday)."""
    minutes: int = Field(ge=1, le=LONGEST_WINDOW_MINUTES)
    """How long it stays open."""
    timezone: str | None = None
    """None: as in the section ``schedule``."""
    skip_dates: tuple[date, ...] = ()
    """Days, in the window's zone, on which it does not open."""
    jitter_minutes: int = Field(default=0, ge=0)
    """A start that waits for the window comes up to this much after it opened, so that controllers do not start all at once."""

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        return None if value is None else _known_zone(value)

    @field_validator("cron")
    @classmethod
    def _comes_again(cls, value: str) -> str:
        if len(value.split()) != 5 or "r" in value.lower().split():
            raise ValueError("must have five fields: minute, hour, day of the month, month, day of the week")
        try:
            croniter(value, datetime(2026, 1, 1)).get_next(datetime)  # noqa: DTZ001 # wall time of no zone in particular
        except CroniterError as error:
            raise ValueError(f"is no cron expression that ever comes: {error}") from error
        return value

    @model_validator(mode="after")
    def _jitter_stays_inside(self) -> WindowConfig:
        if self.jitter_minutes >= self.minutes:
            raise ValueError("jitter_minutes must be less than minutes: a start must fall into the window")
        return self
