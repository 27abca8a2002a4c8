"""The private answer to a command or a click. Pure."""

from __future__ import annotations

from bot.content import Notice
from handlers.views.blocks import MARKS, SECTION_TEXT, Rendered, message, section
from handlers.views.text import bullets, clip, escape, fitting, one_line, size

__all__ = ["notice"]

FIRST_LINE = 1000
LINES = 7000
EACH_LINE = 1000
TITLE = 100


def notice(content: Notice) -> Rendered:
    first = f"{MARKS[content.tone]}{clip(escape(content.text), FIRST_LINE)}"
    paragraphs = [[first, *_fitting(content.lines, LINES)]]
    for part in content.parts:
        room = LINES - sum(size(line) for paragraph in paragraphs for line in paragraph)
        paragraphs.append([f"*{clip(escape(one_line(part.title)), TITLE)}*", *_fitting(part.lines, room)])
    pages = [page for paragraph in paragraphs for page in _pages(paragraph)]
    return message(
        (line for paragraph in paragraphs for line in paragraph), [section(*page) for page in pages]
    )


def _fitting(lines: tuple[str, ...], room: int) -> list[str]:
    return fitting(bullets(escape(one_line(line)) for line in lines), room, each=EACH_LINE)


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
