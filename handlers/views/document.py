"""What stands for a file where it cannot be uploaded: its title and what it says, in a sentence. Pure."""

from __future__ import annotations

from bot.content import Document
from handlers.views.blocks import Rendered, message, section
from handlers.views.text import clip, escape, one_line

__all__ = ["document"]


def document(content: Document) -> Rendered:
    title = f"*{clip(escape(one_line(content.title)), 300)}*"
    words = clip(escape(one_line(content.summary)), 2000)
    return message((title, words), (section(title, words),))
