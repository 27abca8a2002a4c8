"""What Jenkins writes to its standard output, read back as records. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from bot.model import LogRecord

__all__ = ["severe_records"]

_RECORD = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d{4}) +\[id=\d+\]\t(?P<level>[A-Z]+)\t"
    r"(?P<logger>[^#:\s]+)\S*: ?(?P<message>.*)$",
    re.MULTILINE,
)
"""The format of ``io.jenkins.lib:support-log-formatter``, which the war brings along."""


def severe_records(text: str) -> tuple[LogRecord, ...] | None:
    """SEVERE ones, the first line of each; None when nothing in the text has Jenkins' own format."""
    found = list(_RECORD.finditer(text))
    if not found:
        return None
    return tuple(
        LogRecord(_milliseconds(one["at"]), one["level"], one["logger"], one["message"][:500])
        for one in found
        if one["level"] == "SEVERE"
    )


def _milliseconds(at: str) -> int:
    return round(datetime.strptime(at, "%Y-%m-%d %H:%M:%S.%f%z").timestamp() * 1000)
