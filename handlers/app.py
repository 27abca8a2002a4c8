"""The Bolt app: Slack's way in, with every listener registered."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.commands import Commands
from handlers import buttons, slash
from handlers.answering import report
from handlers.credentials import required

__all__ = ["build_app", "make_client", "required"]

API_URL = "https://slack.com/api/"
ANSWER_SECONDS = 10
"""Longest wait for one answer of the Web API; nothing that stops the bot waits longer."""
LISTENERS = 32
"""Callbacks at once. Each acknowledges as its first act, so one must always be free: a few slow ``plan`` commands must not keep a
rollback waiting beyond Slack's three seconds."""


def make_client(environ: Mapping[str, str]) -> WebClient:
    """A client with SLACK_BOT_TOKEN for SLACK_API_URL, which is Slack itself unless a proxy or a stand-in is named.

    It tries nothing twice by itself: the SDK would post a message again whose answer was lost.

    :raises ConfigurationError: when the token is missing or cannot be right.
    """
    return WebClient(
        required(environ, "SLACK_BOT_TOKEN"),
        base_url=(environ.get("SLACK_API_URL", "").strip() or API_URL).rstrip("/") + "/",
        timeout=ANSWER_SECONDS,
        retry_handlers=[],
        logger=_log("handlers.slack_sdk", logging.CRITICAL),  # whoever calls logs, once per change
    )


def build_app(commands: Commands, client: WebClient, signing_secret: str | None) -> App:
    """An app that takes the slash command and the buttons. ``signing_secret`` is needed for HTTP only."""
    token = client.token

    def authorize() -> AuthorizeResult:
        # With the token alone, Bolt would ask Slack who it belongs to before the first acknowledgement, which has three seconds.
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token)

    app = App(
        name="ci-upgrade",
        client=client,
        authorize=authorize,
        signing_secret=signing_secret or "",
        listener_executor=ThreadPoolExecutor(LISTENERS, "slack-listener"),
        # Bolt warns at every start that `authorize` and `client` are preferred to SLACK_BOT_TOKEN, as is meant.
        logger=_log("handlers.bolt", logging.ERROR),
    )
    app.error(report)
    slash.register(app, commands)
    buttons.register(app, commands)
    return app


def _log(name: str, level: int) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.setLevel(level)
    return logger
