"""Texts in Slack's markup: escaped, cut to size, with times that each reader sees in their own zone. Pure.

Facts from https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.people import person

__all__ = [
    "bullets",
    "clip",
    "date",
    "duration",
    "escape",
    "fitting",
    "mention",
    "moment",
    "one_line",
    "size",
    "unmarked",
]

ELLIPSIS = "…"
NOTHING = "–"
"""Slack refuses empty texts."""

_MENTION = re.compile(r"&lt;(@[UW][A-Z0-9]+)&gt;")
_MOMENT = re.compile(r"&lt;(!date\^\d{1,12}\^[A-Za-z_{} ]{1,60}\|[\w :/+-]{1,80})&gt;")
_CUT_TOKEN = re.compile(r"(<[^<>]*|&[a-z]{0,3})$")


def escape(text: str) -> str:
    """Text of unknown origin as mrkdwn in which only mentions of people and moments still mean something.

    They stay because the bot's own sentences name people by id and times in each reader's zone; they show a name or a time and are
    harmless, whereas ``<!channel>`` or a link, also that of a moment, with a false label are not.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MOMENT.sub(r"<\1>", _MENTION.sub(r"<\1>", text))


def unmarked(text: str) -> str:
    """For places that take no markup, as the errors of a form: moments as the words that stand for them."""
    return re.sub(r"<!date\^[^|<>]*\|([^<>]*)>", r"\1", text)


def one_line(text: str) -> str:
    """White space of every kind, line breaks too, as single spaces."""
    return " ".join(text.split())


def size(text: str) -> int:
    """Length as the strictest reader counts it: UTF-16 units. Slack does not say which unit its limits have."""
    return len(text.encode("utf-16-le", "replace")) // 2


def clip(text: str, most: int) -> str:
    """At most ``most`` units, never empty; neither an entity nor a ``<…>`` token is cut in two.

    Half characters (lone surrogates), which no request can carry, are replaced.
    """
    text = text.encode("utf-8", "replace").decode().rstrip() or NOTHING
    if size(text) <= most:
        return text
    head = text.encode("utf-16-le", "replace")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    return _CUT_TOKEN.sub("", head).rstrip() + ELLIPSIS


def fitting(lines: Sequence[str], most: int, each: int) -> list[str]:
    """The first lines that fit into ``most`` units together, each cut to ``each``; the last one counts what is left out."""
    kept: list[str] = []
    room = most - len("… and 1000000 more") - 1
    for line in lines:
        line = clip(line, each)
        room -= size(line) + 1
        if room < 0:
            kept.append(f"… and {len(lines) - len(kept)} more")
            break
        kept.append(line)
    return kept


def bullets(lines: Iterable[str]) -> list[str]:
    """A list, unless there is only one line."""
    lines = list(lines)
    return lines if len(lines) == 1 else [f"• {line}" for line in lines]


def mention(user: str) -> str:
    """A person by id; somebody on the command line by account, and an id that is none as text."""
    return escape(person(user))


def date(at: float) -> str:
    """A moment in the reader's own zone; readers that cannot show it see UTC."""
    fallback = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at)}^{{date_short_pretty}} at {{time}}|{fallback}>"


def moment(at: float) -> str:
    """A time of this day to the second, in the reader's own zone."""
    fallback = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")
    return f"<!date^{int(at)}^{{time_secs}}|{fallback}>"


def duration(seconds: float) -> str:
    """For people: ``0.4 s``, ``12 s``, ``3 min 4 s``, ``2 h 5 min``, ``3 d 1 h``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, lower, name, lower_name in (
        (86400, 3600, "d", "h"),
        (3600, 60, "h", "min"),
        (60, 1, "min", "s"),
    ):
        if whole >= unit:
            rest = whole % unit // lower
            return f"{whole // unit} {name}" + (f" {rest} {lower_name}" if rest else "")
    return f"{whole} s"
