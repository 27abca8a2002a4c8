"""The slash command."""

from __future__ import annotations

from typing import Any

from slack_bolt import Ack, App, Respond

from bot.commands import Actor, Commands
from handlers.answering import answer
from handlers.typed import unescaped

__all__ = ["COMMAND", "register"]

COMMAND = "/ci-upgrade"


def register(app: App, commands: Commands) -> None:
    def take(ack: Ack, command: dict[str, Any], respond: Respond) -> None:
        ack()
        answer(respond, commands.run(unescaped(command.get("text", "")), _actor(command)))

    app.command(COMMAND)(take)


def _actor(command: dict[str, Any]) -> Actor:
    return Actor(command["user_id"], command.get("user_name", command["user_id"]), command["channel_id"])
