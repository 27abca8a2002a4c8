"""What the bot says, as Block Kit. Pure functions from content to message, held to Slack's limits by tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.content import Announcement, Content, Dashboard, Document, Entry, GateCard, Notice, Picture
from handlers.views.announcement import announcement
from handlers.views.blocks import Rendered
from handlers.views.dashboard import dashboard
from handlers.views.document import document
from handlers.views.entry import entry
from handlers.views.gate_card import gate_card
from handlers.views.notice import notice
from handlers.views.picture import picture

__all__ = ["Rendered", "render"]

_VIEWS: dict[type[Any], Callable[[Any], Rendered]] = {
    Announcement: announcement,
    Dashboard: dashboard,
    Document: document,
    Entry: entry,
    GateCard: gate_card,
    Notice: notice,
    Picture: picture,
}


def render(content: Content) -> Rendered:
    """The message that shows the content."""
    return _VIEWS[type(content)](content)
