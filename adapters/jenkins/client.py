"""One client for one instance: both ports over one connection."""

from __future__ import annotations

from adapters.jenkins.connection import Connection
from adapters.jenkins.controller import JenkinsController
from adapters.jenkins.ownership import JenkinsOwnership

__all__ = ["JenkinsClient"]


class JenkinsClient(JenkinsController, JenkinsOwnership):
    """Implements :class:`bot.ports.Jenkins` for one instance. May be used from several threads."""

    def __init__(
        self, url: str, user: str, token: str, *, verify_tls: bool | str = True, timeout_seconds: float = 10.0
    ) -> None:
        """``url`` goes straight to the instance; a path prefix is kept. ``verify_tls`` may be the path of a CA bundle.

        ``timeout_seconds`` is how long an answer may take to begin or to go on; connecting may take 3 s. The token
        appears in no message.
        """
        connection = Connection(url, user, token, verify_tls, timeout_seconds)
        JenkinsController.__init__(self, connection)
        JenkinsOwnership.__init__(self, connection)
