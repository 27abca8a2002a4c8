"""Answers to the person who typed or clicked, through the response URL of the interaction."""

from __future__ import annotations

import logging
import secrets
from http.client import HTTPException
from typing import Any

from slack_bolt import Respond

from bot.content import Notice
from handlers.views import render

__all__ = ["answer", "report"]

log = logging.getLogger(__name__)


def answer(respond: Respond, notice: Notice | None, thread_ts: str | None = None) -> None:
    """Show the notice to the person alone, or to all where it is public; None shows nothing.

    ``thread_ts`` keeps an answer to a click beside the card that was clicked.
    """
    if notice is None:
        return
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


def report(error: Exception, body: dict[str, Any], respond: Respond) -> None:
    """The last resort for an error in a callback: the log gets all of it, the person a reference that finds it."""
    reference = secrets.token_hex(4)
    what = body.get("command") or body.get("type")
    log.error("[%s] an interaction (%s) failed", reference, what, exc_info=error)
    text = (
        "Something went wrong inside the bot. `/ci-upgrade status` shows what holds now; look at it before you try again. "
        f"The log has the details under `{reference}`."
    )
    try:
        answer(respond, Notice(text, tone="bad"))
    except (OSError, HTTPException, ValueError) as unsent:  # ValueError: there is no response URL
        log.warning("[%s] and nobody could be told: %s", reference, unsent)
