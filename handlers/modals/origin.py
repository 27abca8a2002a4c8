"""Where a form was asked for. A form has no conversation of its own: it remembers this one, and tells there what came of it.

Slack takes an answer to a submission and a later update of the same form in any order, so an outcome shown in the form could be
overwritten by its own "please wait". The form is closed instead, and the outcome is said where it was asked for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any

from slack_bolt import Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.commands import Actor
from bot.content import Notice
from handlers.actors import name_of
from handlers.answering import answer, failure, reply

__all__ = ["Origin"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    channel: str
    thread: str | None = None
    response_url: str = ""
    """Reaches the person even in a channel without the bot; empty for what was asked for on the home tab."""

    @classmethod
    def of(cls, actor: Actor, body: dict[str, Any]) -> Origin:
        """Of a payload that opens a form."""
        return cls(actor.channel, actor.thread, body.get("response_url") or "")

    def remember(self, **more: str) -> str:
        """For a form's private metadata."""
        return json.dumps({"origin": asdict(self), **more})

    @classmethod
    def recall(cls, view: dict[str, Any]) -> tuple[Origin, dict[str, str]]:
        """What :meth:`remember` was given."""
        kept: dict[str, Any] = json.loads(view["private_metadata"])
        return cls(**kept.pop("origin")), kept

    def person(self, body: dict[str, Any]) -> Actor:
        """Who submitted the form."""
        return Actor(body["user"]["id"], name_of(body["user"]), self.channel, self.thread)

    def tell(self, client: WebClient, actor: Actor, act: Callable[[], Notice]) -> None:
        """Do what was asked, and say what came of it."""
        try:
            notice = act()
        except Exception as error:  # noqa: BLE001 # the form is closed: the person is told here or nowhere
            notice = failure(error, "a form")
        try:
            if self.response_url and answer(Respond(response_url=self.response_url), notice, self.thread):
                return
            reply(client, notice, actor)
        except (SlackApiError, OSError, HTTPException) as error:
            log.warning("the outcome of a form could not be told (%s): %s", type(error).__name__, notice.text)
