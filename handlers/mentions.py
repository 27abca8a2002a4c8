"""Words to the bot where no slash command can be typed: mentions, in threads above all, and messages in its own conversation."""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from bot.commands import Commands
from handlers.actors import actor_of_event
from handlers.answering import failure, reply
from handlers.typed import unescaped

__all__ = ["register"]

log = logging.getLogger(__name__)

REMEMBERED_EVENTS = 1000
"""Slack delivers an event again within minutes, if at all."""
_NOT_SAID_NOW = ("bot_id", "subtype", "edited")
"""Fields of what no person has just said. An edited mention comes again, under a new id: it was a command when it was written."""
_MENTION = re.compile(r"^\s*<@[UW][A-Z0-9]+(\|[^>]*)?>[\s:,]*")


def register(app: App, commands: Commands) -> None:
    seen = _Seen()

    def take(body: dict[str, Any], event: dict[str, Any], client: WebClient) -> None:
        if any(name in event for name in _NOT_SAID_NOW) or "user" not in event:
            return
        if seen.before(body.get("event_id", "")):
            return
        if event.get("channel_type", "im") != "im" and event["type"] == "message":
            return
        actor = actor_of_event(event)
        text = unescaped(_MENTION.sub("", event.get("text") or "", count=1)).strip()
        try:
            notice = commands.run(text, actor)
        except Exception as error:  # noqa: BLE001 # an event has no response URL: the person is told here or nowhere
            notice = failure(error, "a mention")
        reply(client, notice, actor)

    app.event("app_mention")(take)
    app.event("message")(take)


class _Seen:
    """Remembers the latest events, since Slack delivers some more than once."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def before(self, id: str) -> bool:
        """Events without an id are never taken for one another."""
        if not id:
            return False
        with self._lock:
            if id in self._ids:
                return True
            self._ids[id] = None
            if len(self._ids) > REMEMBERED_EVENTS:
                self._ids.popitem(last=False)
            return False
