"""A message of its own in the channel, with buttons. Pure."""

from __future__ import annotations

from bot.content import Announcement
from handlers.views.blocks import MARKS, Rendered, message, section
from handlers.views.buttons import actions
from handlers.views.text import bullets, clip, escape, fitting, one_line

__all__ = ["announcement"]

FIRST_LINE = 600
LINES = 2200
EACH_LINE = 400


def announcement(content: Announcement) -> Rendered:
    first = f"{MARKS[content.tone]}{clip(escape(one_line(content.text)), FIRST_LINE)}"
    lines = fitting(bullets(escape(one_line(line)) for line in content.lines), LINES, each=EACH_LINE)
    return message((first, *lines), (section(first, *lines), actions(content.buttons)))
