"""One client for one instance: both ports over one connection."""

from __future__ import annotations

from adapters.clock import SystemClock
from adapters.jenkins.connection import Connection
from adapters.jenkins.controller import JenkinsController
from adapters.jenkins.ownership import JenkinsOwnership
from bot.ports import Clock
from bot.settings.connection import ConnectionConfig

__all__ = ["JenkinsClient"]

USUAL = ConnectionConfig()
SYSTEM_CLOCK = SystemClock()


class JenkinsClient(JenkinsController, JenkinsOwnership):
    """Implements :class:`bot.ports.Jenkins` for one instance. May be used from several threads."""

    def __init__(
        self,
        url: str,
        user: str,
        token: str,
        settings: ConnectionConfig = USUAL,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """``url`` goes straight to the instance; a path prefix is kept. The token appears in no message.

        Connecting may take 3 s. ``clock`` is for the pauses between attempts of a read.
        """
        connection = Connection(url, user, token, settings, clock)
        JenkinsController.__init__(self, connection)
        JenkinsOwnership.__init__(self, connection)
