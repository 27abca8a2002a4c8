"""Clicks on the buttons of messages."""

from __future__ import annotations

import json
import re
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.commands import Commands
from bot.content import Notice
from handlers.actors import actor_of_interaction
from handlers.answering import answer
from handlers.modals.decisions import INSISTENCES, open_insistence
from handlers.modals.opening import TOO_LATE, TooLate
from handlers.modals.origin import Origin
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
        answer(
            respond,
            commands.click(_name(action), action.get("value", ""), actor_of_interaction(body)),
            _thread(body),
        )

    def explain(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        answer(respond, UNKNOWN, _thread(body))

    def insist(
        ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient, respond: Respond
    ) -> None:
        ack()
        card = action.get("value", "")
        if not _is_of_a_card(card):
            answer(respond, UNKNOWN, _thread(body))
            return
        try:
            open_insistence(client, body["trigger_id"], _name(action), card, _origin(body))
        except TooLate:
            answer(respond, TOO_LATE, _thread(body))

    for name in INSISTENCES:
        app.action(f"{ACTION_PREFIX}{name}")(insist)
    app.action(ACTION)(take)
    app.action(re.compile(""))(explain)


def _is_of_a_card(value: str) -> bool:
    try:
        return "gate" in json.loads(value)
    except (ValueError, TypeError):
        return False


def _name(action: dict[str, Any]) -> str:
    match = ACTION.match(action["action_id"])
    assert match is not None, "Bolt matched the same pattern"
    return match["name"]


def _origin(body: dict[str, Any]) -> Origin:
    return Origin(actor_of_interaction(body).channel, _thread(body), body.get("response_url") or "")


def _thread(body: dict[str, Any]) -> str | None:
    thread: str | None = (body.get("container") or {}).get("thread_ts")
    return thread
