"""One event in the thread. Pure."""

from __future__ import annotations

from bot.content import Entry
from handlers.views.blocks import MARKS, Rendered, context, message, section
from handlers.views.text import bullets, clip, date, escape, fitting, one_line

__all__ = ["entry"]

FIRST_LINE = 600
LINES = 2200
EACH_LINE = 700


def entry(content: Entry) -> Rendered:
    first = f"{MARKS[content.tone]}{clip(escape(one_line(content.text)), FIRST_LINE)}"
    lines = fitting(bullets(escape(one_line(line)) for line in content.lines), LINES, each=EACH_LINE)
    at = context(date(content.at)) if content.at is not None else None
    return message((first, *lines), (section(first, *lines), at))
