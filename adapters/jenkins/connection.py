"""How a controller is reached: python-jenkins for what it does well, errors translated once, by table."""

from __future__ import annotations

import threading
import time
from typing import Any

import jenkins
import requests

from adapters.jenkins.scripts import fill, result_of
from bot.errors import BotError, NotStarted, Permanent, Temporary
from bot.model import Boot, Probe

__all__ = ["Connection"]

CONNECT_SECONDS = 3.0
BODY_LIMIT = 300


class Connection:
    """One instance at one address. May be used from several threads; each has its own session."""

    def __init__(
        self, url: str, user: str, token: str, verify_tls: bool | str, timeout_seconds: float
    ) -> None:
        self._url = url.rstrip("/")
        self._user = user
        self._token = token
        self._verify = verify_tls
        self._timeout = (CONNECT_SECONDS, timeout_seconds)
        self._local = threading.local()

    def run(self, script: str, **arguments: Any) -> Any:
        """Run one of the bot's named scripts; returns its JSON result."""
        text = fill(script, arguments)
        try:
            output = self._server().run_script(text)
        except (requests.RequestException, jenkins.JenkinsException, OSError) as error:
            raise self._translated(error, f"script {script}") from error
        return result_of(script, output)

    def boot(self) -> Boot:
        """The login page answers without credentials, and carries version and boot id once Jenkins is up."""
        try:
            response = self._plain().get(f"{self._url}/login", timeout=self._timeout, allow_redirects=False)
        except requests.RequestException as error:
            raise self._translated(error, "the login page") from error
        version = response.headers.get("X-Jenkins")
        if response.status_code == 503 or (response.status_code >= 500 and version is None):
            raise NotStarted(f"{self._url} is starting (status {response.status_code})")
        if version is None:
            raise Permanent(
                f"{self._url} is not a Jenkins: its answer has no X-Jenkins header (status {response.status_code})"
            )
        return Boot(version, response.headers.get("X-Jenkins-Session", ""))

    def probe(self, path: str) -> Probe:
        began = time.monotonic()
        try:
            response = self._plain().get(
                self._url + path, auth=(self._user, self._token), timeout=self._timeout, allow_redirects=False
            )
            return Probe(path, response.status_code, time.monotonic() - began)
        except requests.RequestException:
            return Probe(path, 0, time.monotonic() - began)

    # ---- sessions

    def _server(self) -> jenkins.Jenkins:
        server: jenkins.Jenkins | None = getattr(self._local, "server", None)
        if server is None:
            server = self._local.server = jenkins.Jenkins(
                self._url, self._user, self._token, timeout=self._timeout, retries=0
            )
            server._session.verify = self._verify  # python-jenkins has no public setting for a CA bundle
            server.crumb = False  # requests with an API token need no crumb, and one of an earlier boot would only confuse
        return server

    def _plain(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False  # no credentials from a .netrc
            session.verify = self._verify
        return session

    # ---- errors

    def _translated(self, error: BaseException, what: str) -> BotError:
        # python-jenkins wraps 401, 403 and 500 in one error; the answer itself is in the error it came from.
        cause = error.__context__ if isinstance(error.__context__, requests.HTTPError) else error
        if isinstance(cause, requests.HTTPError) and cause.response is not None:
            return self._of_status(cause.response.status_code, what)
        if isinstance(error, requests.Timeout | jenkins.TimeoutException):
            return Temporary(f"{self._url} did not answer in time ({what})")
        if isinstance(error, requests.ConnectionError):
            return NotStarted(f"{self._url} does not answer ({what})")
        if isinstance(error, jenkins.NotFoundException):
            return self._of_status(404, what)
        if isinstance(error, jenkins.JenkinsException):
            return Permanent(f"{what} failed on {self._url}: {str(error)[:BODY_LIMIT]}")
        return Temporary(f"{self._url} could not be asked ({what}): {type(error).__name__}")

    def _of_status(self, status: int, what: str) -> BotError:
        table = {
            401: Permanent(
                f"{self._url} does not accept the API token of {self._user}: make a new one and give it to the bot"
            ),
            403: Permanent(
                f"{self._user} may not do this on {self._url} ({what}): it needs Overall/Administer"
            ),
            404: Permanent(f"{self._url} has no {what}: is it a Jenkins, with this path prefix?"),
            429: Temporary(f"{self._url} asks to slow down", retry_after=10.0),
            502: Temporary(f"{self._url}: bad gateway"),
            503: NotStarted(f"{self._url} is starting or stopping"),
            504: Temporary(f"{self._url}: gateway timeout"),
        }
        return table.get(status, Permanent(f"{self._url} answered {status} ({what})"))
