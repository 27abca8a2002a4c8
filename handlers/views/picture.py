"""What stands for a picture where it cannot be uploaded: its title and what it shows, in words. Pure."""

from __future__ import annotations

from bot.content import Picture
from handlers.views.blocks import Rendered, message, section
from handlers.views.text import clip, escape, one_line

__all__ = ["picture"]


def picture(content: Picture) -> Rendered:
    title = f"*{clip(escape(one_line(content.title)), 300)}*"
    words = clip(escape(one_line(content.alt_text)), 2000)
    return message((title, words), (section(title, words),))
