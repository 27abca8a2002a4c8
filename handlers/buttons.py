"""Clicks on the buttons of messages."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App, Respond

from bot.commands import Actor, Commands
from bot.content import Notice
from handlers.answering import answer
from handlers.views.buttons import ACTION_PREFIX

__all__ = ["ACTION", "register"]

ACTION = re.compile(rf"^{re.escape(ACTION_PREFIX)}(?P<name>[a-z_-]+)(\.\d+)?$")
"""Action ids of this release; a number tells buttons of one message with the same action apart."""

UNKNOWN = Notice(
    "This button is from another release of the bot. Use the newest message of the upgrade, or `/ci-upgrade status`. "
    "Nothing was changed.",
    tone="warning",
)


def register(app: App, commands: Commands) -> None:
    def take(ack: Ack, body: dict[str, Any], action: dict[str, Any], respond: Respond) -> None:
        ack()
        answer(respond, commands.click(_name(action), action.get("value", ""), _actor(body)), _thread(body))

    def explain(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        answer(respond, UNKNOWN, _thread(body))

    app.action(ACTION)(take)
    app.action(re.compile(""))(explain)


def _name(action: dict[str, Any]) -> str:
    match = ACTION.match(action["action_id"])
    assert match is not None, "Bolt matched the same pattern"
    return match["name"]


def _actor(body: dict[str, Any]) -> Actor:
    user, container = body["user"], body.get("container", {})
    channel = body.get("channel", {}).get("id") or container.get("channel_id", "")
    return Actor(user["id"], user.get("username") or user.get("name") or user["id"], channel)


def _thread(body: dict[str, Any]) -> str | None:
    thread: str | None = body.get("container", {}).get("thread_ts")
    return thread
