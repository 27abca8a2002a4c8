"""The private answer to a command or a click. Pure."""

from __future__ import annotations

from bot.content import Notice
from handlers.views.blocks import MARKS, SECTION_TEXT, Rendered, message, section
from handlers.views.text import bullets, clip, escape, fitting, one_line, size

__all__ = ["notice"]

FIRST_LINE = 1000
LINES = 7000
EACH_LINE = 1000


def notice(content: Notice) -> Rendered:
    first = f"{MARKS[content.tone]}{clip(escape(content.text), FIRST_LINE)}"
    lines = fitting(bullets(escape(one_line(line)) for line in content.lines), LINES, each=EACH_LINE)
    return message((first, *lines), [section(*lines) for lines in _pages([first, *lines])])


def _pages(lines: list[str]) -> list[list[str]]:
    """As many lines a section as it takes."""
    pages: list[list[str]] = [[]]
    room = SECTION_TEXT
    for line in lines:
        room -= size(line) + 1
        if room < 0:
            pages.append([])
            room = SECTION_TEXT - size(line)
        pages[-1].append(line)
    return pages
