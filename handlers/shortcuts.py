"""Message shortcuts: what a slash command would do, from inside a thread, where none can be typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.commands import Commands
from handlers.actors import actor_of_shortcut
from handlers.answering import answer
from handlers.modals.opening import TOO_LATE, TooLate
from handlers.modals.origin import Origin
from handlers.modals.reasons import FORMS, open_reason

__all__ = ["register"]


def register(app: App, commands: Commands) -> None:
    for name in FORMS:
        app.shortcut({"type": "message_action", "callback_id": f"ci_upgrade.{name}"})(_taking(name, commands))


def _taking(name: str, commands: Commands) -> Callable[..., None]:
    def take(ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
        ack()
        actor = actor_of_shortcut(body)
        try:
            open_reason(client, body["trigger_id"], commands, name, actor, Origin.of(actor, body))
        except TooLate:
            answer(respond, TOO_LATE, actor.thread)

    return take
