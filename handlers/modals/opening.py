"""Modals are opened at once, because a trigger id lives three seconds, and filled when the bot has looked."""

from __future__ import annotations

import logging
from collections.abc import Callable

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.content import Notice
from handlers.answering import failure
from handlers.views.blocks import Block
from handlers.views.forms import outcome, waiting

__all__ = ["TOO_LATE", "TooLate", "open_modal", "redraw"]

log = logging.getLogger(__name__)

TOO_LATE = Notice(
    "Slack let go of the form before it could be opened. Try again, or type the command with its arguments: `/ci-upgrade help`.",
    tone="warning",
)
_LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"})
_CLOSED = frozenset({"not_found", "view_not_found", "hash_conflict"})
"""The person closed the form meanwhile, or another change came first: nothing is left to draw."""


class TooLate(Exception):
    """The trigger id had expired."""


def open_modal(client: WebClient, trigger_id: str, title: str, fill: Callable[[], Block]) -> None:
    """Open a form under the title, and draw what ``fill`` makes when it is ready.

    :raises TooLate: when Slack does not open it any more.
    :raises SlackApiError: when Slack refuses it for another reason.
    """
    try:
        opened = client.views_open(trigger_id=trigger_id, view=waiting(title))
    except SlackApiError as error:
        if error.response.get("error") in _LATE:
            raise TooLate from error
        raise
    try:
        view = fill()
    except Exception as error:  # noqa: BLE001 # the person looks at the form: it must not wait for ever
        view = outcome(title, failure(error, title))
    redraw(client, opened["view"]["id"], view)


def redraw(client: WebClient, view_id: str, view: Block) -> None:
    """Draw an open form anew; one that was closed stays closed.

    :raises SlackApiError: when Slack refuses the view.
    """
    try:
        client.views_update(view_id=view_id, view=view)
    except SlackApiError as error:
        if error.response.get("error") not in _CLOSED:
            raise
        log.info("a form was closed before it was drawn (%s)", error.response.get("error"))
