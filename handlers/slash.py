"""The slash command. Alone it opens the form for a start; a command that needs arguments and has none opens its own."""

from __future__ import annotations

from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.commands import Actor, Commands
from handlers.actors import actor_of_command
from handlers.answering import answer
from handlers.modals.decisions import open_decision
from handlers.modals.locking import LOCKING, open_locking
from handlers.modals.opening import TOO_LATE, TooLate
from handlers.modals.origin import Origin
from handlers.modals.reasons import FORMS, open_reason
from handlers.modals.start import open_start
from handlers.typed import unescaped

__all__ = ["COMMAND", "register"]

COMMAND = "/ci-upgrade"


def register(app: App, commands: Commands) -> None:
    def take(ack: Ack, command: dict[str, Any], client: WebClient, respond: Respond) -> None:
        ack()
        text, actor = unescaped(command.get("text") or "").strip(), actor_of_command(command)
        try:
            if not _opened(client, command, commands, text.lower(), actor):
                answer(respond, commands.run(text, actor))
        except TooLate:
            answer(respond, TOO_LATE)

    app.command(COMMAND)(take)


def _opened(client: WebClient, command: dict[str, Any], commands: Commands, text: str, actor: Actor) -> bool:
    """Whether the text is a command that has a form and no arguments; then the form is open.

    :raises TooLate: when Slack does not open it any more.
    """
    trigger_id, origin = command["trigger_id"], Origin.of(actor, command)
    if text in ("", "start", "plan"):
        open_start(client, trigger_id, commands, origin, only_look=text == "plan")
    elif text in FORMS:
        open_reason(client, trigger_id, commands, text, actor, origin)
    elif text in ("approve", "break-glass"):
        open_decision(client, trigger_id, commands, text, actor, origin)
    elif text in LOCKING:
        open_locking(client, trigger_id, commands, text, origin)
    else:
        return False
    return True
