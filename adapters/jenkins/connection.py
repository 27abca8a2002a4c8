"""How a controller is reached: scripts by python-jenkins, the rest by plain requests."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import jenkins
import requests
from requests.auth import AuthBase, HTTPBasicAuth

from adapters.jenkins.failures import Failures
from adapters.jenkins.retries import Retries
from adapters.jenkins.script_table import SCRIPTS
from adapters.jenkins.scripts import fill, result_of
from adapters.jenkins.tls import Tls
from bot.errors import NotStarted, Permanent
from bot.model import Boot, Probe
from bot.ports import Clock
from bot.settings.connection import ConnectionConfig

__all__ = ["Connection"]

CONNECT_SECONDS = 3.0


class _Nobody(AuthBase):
    """No credentials, not even those of a .netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Connection:
    """One instance at one address. May be used from several threads; each has sessions of its own."""

    def __init__(self, url: str, user: str, token: str, settings: ConnectionConfig, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._user = user
        self._token = token
        self._tls = Tls(settings)
        self._read_seconds = settings.timeout_seconds
        self._retries = Retries(settings.read_attempts, settings.read_retry_seconds, clock)
        self._failures = Failures(self._url, user)
        self._of_thread = threading.local()

    def read(self, script: str, **arguments: Any) -> Any:
        """Run one of the bot's named scripts that changes nothing, again if it fails in a way that may pass; returns its JSON result.

        :raises NotStarted, Temporary, Permanent: see :mod:`adapters.jenkins.failures`.
        """
        return self._retries.read(lambda: self.change(script, **arguments))

    def change(self, script: str, **arguments: Any) -> Any:
        """Run one of the bot's named scripts once; returns its JSON result.

        :raises NotStarted, Temporary, Permanent: as above. The change may have happened all the same.
        """
        what = f"the script console ({script})"
        seconds = max(self._read_seconds, SCRIPTS[script].seconds)
        try:
            output = self._server(seconds).run_script(fill(script, arguments))
            result = result_of(output)
        except json.JSONDecodeError as error:
            raise Permanent(f"{what} gave a damaged result on {self._url}") from error
        except (requests.RequestException, jenkins.JenkinsException, OSError, ValueError) as error:
            raise self._failures.of_exception(error, what) from error
        if result is None:
            raise self._failures.of_script_output(output, what)
        return result

    def boot(self) -> Boot:
        """The login page answers without credentials, and carries version and boot id once Jenkins is up.

        :raises NotStarted: while the port refuses, or it answers 503.
        """
        return self._retries.read(self._boot)

    def _boot(self) -> Boot:
        try:
            response = self._get("/login", _Nobody())
        except (requests.RequestException, OSError, ValueError) as error:
            raise self._failures.of_exception(error, "the login page") from error
        version = response.headers.get("X-Jenkins")
        # A 503 of a starting one carries no X-Jenkins; a stopping one and a proxy may answer other 5xx.
        if response.status_code == 503 or (response.status_code >= 500 and version is None):
            raise NotStarted(f"{self._url} is starting or stopping (status {response.status_code})")
        if version is None:
            raise Permanent(
                f"{self._url} is not a Jenkins: its answer has no X-Jenkins header (status {response.status_code})"
            )
        return Boot(version, response.headers.get("X-Jenkins-Session", ""))

    def probe(self, path: str) -> Probe:
        """One timed GET with credentials, redirects not followed. Never raises."""
        began = time.monotonic()
        try:
            status = self._get(path, self._credentials()).status_code
        except (requests.RequestException, OSError, ValueError):
            status = 0
        return Probe(path, status, time.monotonic() - began)

    # ---- sessions

    def _get(self, path: str, auth: AuthBase) -> requests.Response:
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = requests.Session()
            self._straight(session)
        timeout = (CONNECT_SECONDS, self._read_seconds)
        return session.get(self._url + path, auth=auth, timeout=timeout, allow_redirects=False)

    def _server(self, read_seconds: float) -> jenkins.Jenkins:
        """This thread's python-jenkins handle with that read timeout, which it only takes for all requests at once."""
        servers: dict[float, jenkins.Jenkins] = self._of_thread.__dict__.setdefault("servers", {})
        if read_seconds not in servers:
            server = jenkins.Jenkins(self._url, timeout=(CONNECT_SECONDS, read_seconds), retries=0)
            # There are no public settings for these. Credentials go along from the first request on, Kerberos is not tried.
            server._session.auth = self._credentials()
            server._auth_resolved = True
            self._straight(server._session)
            # A redirected POST would become a GET, and go where nobody sent the bot.
            server._session.max_redirects = 0
            # An API token needs no crumb, and one of an earlier boot would be refused.
            server.crumb = False
            servers[read_seconds] = server
        return servers[read_seconds]

    def _credentials(self) -> HTTPBasicAuth:
        return HTTPBasicAuth(self._user.encode(), self._token.encode())

    def _straight(self, session: requests.Session) -> None:
        # The address goes straight to the instance: a proxy from the environment, meant for Slack, has no place in between.
        session.trust_env = False
        self._tls.secure(session)
