"""Times as people type them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.errors import Refused

__all__ = ["is_day", "moment_text", "parse_time"]

_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})$")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_NAMED_DAYS = {"today": 0, "tomorrow": 1}
EXAMPLES = "write it like 02:00, `tomorrow 02:00`, `2026-11-24 02:00` or 2026-11-24T02:00+01:00"


def is_day(word: str) -> bool:
    """Whether the word is a day, which a time of the day follows."""
    return word.lower() in _NAMED_DAYS or bool(_DAY.match(word))


def parse_time(text: str, zone: str, now: float) -> float:
    """Epoch seconds of a time in the future: ``02:00`` is the next one, a time without an offset is of the ``zone``.

    :raises Refused: when it is no time, is over, or does not exist in the zone because the clock is put forward.
    """
    tz = ZoneInfo(zone)
    today = datetime.fromtimestamp(now, tz)
    words = text.strip().lower().split()
    clock = _CLOCK.match(words[-1]) if words else None
    try:
        if clock and len(words) == 1:
            wall = _at(today, clock)
            if wall.timestamp() <= now:
                wall = _at(today + timedelta(days=1), clock)
        elif clock and len(words) == 2 and words[0] in _NAMED_DAYS:
            wall = _at(today + timedelta(days=_NAMED_DAYS[words[0]]), clock)
        else:
            wall = datetime.fromisoformat(text.strip().upper())
            if wall.hour == wall.minute == 0 and _DAY.match(text.strip()):
                raise ValueError("a day alone")
            wall = wall if wall.tzinfo else wall.replace(tzinfo=tz)
        at = wall.timestamp()
    except (ValueError, OverflowError) as error:
        raise Refused(f"`{text}` is not a time: {EXAMPLES}. Without an offset it is {zone} time.") from error
    if wall.tzinfo is tz and datetime.fromtimestamp(at, tz).replace(tzinfo=None) != wall.replace(tzinfo=None):
        raise Refused(
            f"There is no `{text}` in {zone}: the clock is put forward then. Name a time before or after."
        )
    if at <= now:
        raise Refused(f"{moment_text(at, zone)} is over. Name a time in the future.")
    return at


def moment_text(at: float, zone: str) -> str:
    """A moment that Slack shows in each reader's own zone, and in this one where it cannot.

    The token is https://docs.slack.dev/messaging/formatting-message-text#date-formatting; views let it pass, as they do mentions.
    """
    shown = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")
    return f"<!date^{int(at)}^{{date_short_pretty}} at {{time}}|{shown} {zone}>"


def _at(day: datetime, clock: re.Match[str]) -> datetime:
    return day.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0, fold=0)
