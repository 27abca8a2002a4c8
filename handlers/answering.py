"""Answers to the person who typed or clicked: through the response URL of the interaction, or beside what was written."""

from __future__ import annotations

import logging
import secrets
from http.client import HTTPException
from typing import Any

from slack_bolt import Respond
from slack_sdk import WebClient

from bot.commands import Actor
from bot.content import Notice
from handlers.views import render

__all__ = ["answer", "failure", "reply", "report"]

log = logging.getLogger(__name__)


def answer(respond: Respond, notice: Notice | None, thread_ts: str | None = None) -> bool:
    """Show the notice to the person alone, or to all where it is public; None shows nothing. False when Slack did not take it.

    ``thread_ts`` keeps an answer to a click beside the card that was clicked.
    """
    if notice is None:
        return True
    message = render(notice)
    response = respond(
        text=message.text,
        blocks=list(message.blocks),
        response_type="in_channel" if notice.public else "ephemeral",
        replace_original=False,
        thread_ts=thread_ts,
    )
    if response.status_code != 200:
        log.warning("Slack did not take an answer (%s %s)", response.status_code, response.body[:200])
        return False
    return True


def reply(client: WebClient, notice: Notice, actor: Actor) -> None:
    """Answer a message: to its writer alone, or to all where the notice is public. In the bot's own conversation nobody else reads.

    :raises SlackApiError: when Slack refuses; OSError, HTTPException: when it does not answer.
    """
    message = render(notice)
    arguments: dict[str, Any] = {
        "text": message.text,
        "blocks": list(message.blocks),
        "thread_ts": actor.thread,
    }
    if notice.public or actor.channel.startswith("D"):
        client.chat_postMessage(channel=actor.channel, **arguments)
    else:
        client.chat_postEphemeral(channel=actor.channel, user=actor.id, **arguments)


def report(error: Exception, body: dict[str, Any], respond: Respond) -> None:
    """The last resort for an error in a callback: the log gets all of it, the person a reference that finds it."""
    notice = failure(error, str(body.get("command") or body.get("type")))
    try:
        answer(respond, notice)
    except (OSError, HTTPException, ValueError) as unsent:  # ValueError: there is no response URL
        log.warning("and nobody could be told: %s", unsent)


def failure(error: Exception, what: str) -> Notice:
    """Log a defect under a new reference, and the words that tell a person of it."""
    reference = secrets.token_hex(4)
    log.error("[%s] an interaction (%s) failed", reference, what, exc_info=error)
    text = (
        "Something went wrong inside the bot. `/ci-upgrade status` shows what holds now; look at it before you try again. "
        f"The log has the details under `{reference}`."
    )
    return Notice(text, tone="bad")
