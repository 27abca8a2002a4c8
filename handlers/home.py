"""The home tab: drawn when it is opened, and again while somebody may be looking at it, if what it shows has changed."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.commands import Actor, Commands
from handlers.actors import actor_of_interaction
from handlers.answering import reply
from handlers.modals.locking import LOCKING, open_locking
from handlers.modals.opening import TOO_LATE, TooLate
from handlers.modals.origin import Origin
from handlers.modals.reasons import open_reason
from handlers.modals.start import open_start
from handlers.views.home import OPEN_FORMS, home

__all__ = ["HomeTabs", "register"]

log = logging.getLogger(__name__)

REFRESH_SECONDS = 10.0
WATCHED_SECONDS = 3600.0
"""How long after it was opened a tab is kept up to date: Slack does not tell when its reader leaves."""
MOST_READERS = 50
"""Of the latest who opened it; views.publish takes some hundred calls a minute."""


@dataclass(slots=True)
class _Reader:
    channel: str
    opened_at: float
    shown: str = ""


class HomeTabs:
    """Who looks at the home tab, and what each was last shown. Its refreshing runs in a thread of its own."""

    def __init__(
        self, client: WebClient, commands: Commands, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._commands = commands
        self._clock = clock
        self._readers: OrderedDict[str, _Reader] = OrderedDict()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slack-home", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=REFRESH_SECONDS)

    def opened(self, user: str, channel: str) -> None:
        """Show it. ``channel`` is the reader's conversation with the bot.

        :raises SlackApiError: when Slack refuses; OSError, HTTPException: when it does not answer.
        """
        with self._lock:
            self._readers[user] = _Reader(channel, self._clock())
            self._readers.move_to_end(user)
            if len(self._readers) > MOST_READERS:
                self._readers.popitem(last=False)
        self._show(user)

    def refresh(self) -> None:
        """Draw again what has changed for those who may be looking; what Slack refuses now is tried at the next time."""
        now = self._clock()
        with self._lock:
            for user, reader in list(self._readers.items()):
                if now - reader.opened_at > WATCHED_SECONDS:
                    del self._readers[user]
            users = list(self._readers)
        for user in users:
            try:
                self._show(user)
            except (SlackApiError, OSError, HTTPException) as error:
                log.info("the home tab of %s could not be drawn: %s", user, type(error).__name__)

    def _show(self, user: str) -> None:
        with self._lock:
            reader = self._readers.get(user)
        if reader is None:
            return  # somebody newer took the place meanwhile
        view = home(self._commands.overview(Actor(user, user, reader.channel)), reader.channel)
        text = json.dumps(view, sort_keys=True)
        if text != reader.shown:
            self._client.views_publish(user_id=user, view=view)
            reader.shown = text

    def _run(self) -> None:
        while not self._stop.wait(REFRESH_SECONDS):
            try:
                self.refresh()
            except Exception:  # a defect must not end the refreshing
                log.exception("the home tabs could not be drawn")


def register(app: App, commands: Commands, tabs: HomeTabs) -> None:
    def show(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            tabs.opened(event["user"], event["channel"])

    def open_form(ack: Ack, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
        ack()
        channel = (body.get("view") or {}).get("private_metadata") or ""
        actor = actor_of_interaction(body, channel)
        origin = Origin.of(actor, body)
        name = action["action_id"].rpartition("open-")[2]
        try:
            if name == "start":
                open_start(client, body["trigger_id"], commands, origin, action["value"])
            elif name in LOCKING:
                open_locking(client, body["trigger_id"], commands, name, origin, action["value"])
            else:
                open_reason(client, body["trigger_id"], commands, name, actor, origin, action["value"])
        except TooLate:
            reply(client, TOO_LATE, actor)

    app.event("app_home_opened")(show)
    app.action(re.compile("|".join(f"^{re.escape(id)}$" for id in OPEN_FORMS)))(open_form)
