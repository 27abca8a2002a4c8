"""How Slack reaches the bot: through Socket Mode, or over HTTP."""

from __future__ import annotations

import logging
import threading
from http.client import HTTPException
from typing import Protocol

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError

from bot.commands import Commands
from bot.errors import ConfigurationError
from handlers.app import build_app
from handlers.credentials import Credentials, refused
from handlers.home import HomeTabs
from handlers.http_server import HttpServer

__all__ = ["HttpServing", "Serving", "SocketServing", "build_serving"]

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0


class Serving(Protocol):
    def start(self) -> None:
        """Returns soon; Slack not answering is no error, because upgrades must go on.

        :raises ConfigurationError: when Slack refuses the app token.
        """

    def close(self) -> None:
        """Take nothing more; what was acknowledged is still answered."""


def build_serving(commands: Commands, credentials: Credentials, http_port: int | None) -> Serving:
    """HTTP on the port, or Socket Mode for None.

    :raises ConfigurationError: when Slack refuses the bot token, or the port cannot be had.
    """
    app, tabs = build_app(commands, credentials)
    if http_port is None:
        return SocketServing(app, tabs, credentials.app_token)
    return HttpServing(app, tabs, http_port)


class HttpServing:
    """Implements :class:`Serving`."""

    def __init__(self, app: App, tabs: HomeTabs, port: int) -> None:
        """Port 0 takes a free one.

        :raises ConfigurationError: when the port cannot be had.
        """
        self._app = app
        self._tabs = tabs
        try:
            self._server = HttpServer(app, port)
        except OSError as error:
            raise ConfigurationError(f"cannot listen on port {port}: {error.strerror or error}") from error

    @property
    def port(self) -> int:
        return self._server.port

    def start(self) -> None:
        self._server.start()
        self._tabs.start()

    def close(self) -> None:
        self._tabs.close()
        self._server.close()
        self._app.listener_runner.listener_executor.shutdown(wait=False)


class SocketServing:
    """Implements :class:`Serving`. Once connected, the SDK's client keeps itself connected."""

    def __init__(self, app: App, tabs: HomeTabs, app_token: str) -> None:
        self._app = app
        self._tabs = tabs
        self._client = SocketModeHandler(app, app_token).client
        self._stop = threading.Event()
        self._retries = threading.Thread(target=self._keep_trying, name="slack-connect", daemon=True)

    def start(self) -> None:
        if not self._connect():
            self._retries.start()
        self._tabs.start()

    def close(self) -> None:
        self._stop.set()
        self._tabs.close()
        if self._retries.is_alive():
            self._retries.join()
        self._client.close()
        self._app.listener_runner.listener_executor.shutdown(wait=False)

    def _connect(self) -> bool:
        """False when Slack did not answer.

        :raises ConfigurationError: when Slack refuses the app token.
        """
        try:
            # Unlike connect(), this asks for a new address each time: one that was tried is used up.
            self._client.connect_to_new_endpoint()
        except (SlackApiError, OSError, HTTPException) as error:
            fault = refused("SLACK_APP_TOKEN", error)
            if fault is not None:
                raise fault from error
            log.warning("no connection to Slack yet, it is tried again (%s)", error)
            return False
        return True

    def _keep_trying(self) -> None:
        delay = FIRST_RETRY_SECONDS
        while not self._stop.wait(delay):
            try:
                if self._connect():
                    return
            except ConfigurationError as error:
                log.error("%s", error)
            delay = min(2 * delay, LONGEST_RETRY_SECONDS)
