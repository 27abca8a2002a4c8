"""The Bolt app: Slack's way in, with every listener registered."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.commands import Commands
from handlers import buttons, home, mentions, shortcuts, slash
from handlers.answering import report
from handlers.credentials import Credentials, refused
from handlers.home import HomeTabs
from handlers.modals import decisions, locking, reasons, start

__all__ = ["build_app"]

log = logging.getLogger(__name__)

ANSWER_SECONDS = 10
"""Longest wait for one answer of the Web API."""
LISTENERS = 32
"""Callbacks at once. Each acknowledges as its first act, so one must always be free: a few slow ``plan`` commands must not keep a
rollback waiting beyond Slack's three seconds."""


def build_app(commands: Commands, credentials: Credentials) -> tuple[App, HomeTabs]:
    """An app that takes everything that people can do, and the home tabs that it draws, not yet started.

    Slack is asked at once whether it knows the bot token.

    No answer is only logged, because upgrades must go on.

    :raises ConfigurationError: when Slack refuses the bot token.
    """
    client = WebClient(credentials.bot_token, base_url=credentials.api_url, timeout=ANSWER_SECONDS)
    _check(client)

    def authorize() -> AuthorizeResult:
        # With the token alone, Bolt could ask Slack who it belongs to before an acknowledgement, which has three seconds.
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=credentials.bot_token)

    # Bolt warns at every start that `authorize` and `client` are preferred to SLACK_BOT_TOKEN, as is meant here.
    bolt_log = logging.getLogger("handlers.bolt")
    bolt_log.setLevel(logging.ERROR)
    app = App(
        name="ci-upgrade",
        client=client,
        authorize=authorize,
        signing_secret=credentials.signing_secret,
        listener_executor=ThreadPoolExecutor(LISTENERS, "slack-listener"),
        logger=bolt_log,
    )
    app.error(report)
    tabs = HomeTabs(client, commands)
    slash.register(app, commands)
    shortcuts.register(app, commands)
    mentions.register(app, commands)
    home.register(app, commands, tabs)
    start.register(app, commands)
    reasons.register(app, commands)
    decisions.register(app, commands)
    locking.register(app, commands)
    buttons.register(app, commands)  # the last: it also explains every button that nobody else takes
    return app, tabs


def _check(client: WebClient) -> None:
    try:
        client.auth_test()
    except (SlackApiError, OSError, HTTPException) as error:
        fault = refused("SLACK_BOT_TOKEN", error)
        if fault is not None:
            raise fault from error
        log.warning(
            "Slack does not answer yet: upgrades go on, commands and messages wait for it (%s)", error
        )
