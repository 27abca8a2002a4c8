"""What goes wrong on the way to a controller, translated once, by table. The API token is in none of the texts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import jenkins
import requests

from bot.errors import BotError, NotStarted, Permanent, Temporary

__all__ = ["TEXT_LIMIT", "Failures", "ServerFailed", "one_line"]

TEXT_LIMIT = 300
"""Characters of an answer that are quoted in an error."""


class ServerFailed(Permanent):
    """A page that failed (500). For a change that is the end; what only reads may be asked again."""


_STATUS: dict[int, tuple[type[Permanent] | type[Temporary], str]] = {
    302: (
        Permanent,
        "{url} redirects requests for {what}: give the address that it redirects to, such as https://",
    ),
    400: (Permanent, "{url} refused the request for {what} (400)"),
    401: (
        Permanent,
        "{url} does not accept the API token of {user}: make a new one on that user's page and give it to the bot",
    ),
    403: (
        Permanent,
        "{user} may not use {what} on {url}: the user needs Overall/Administer, the token must be one of that user",
    ),
    404: (Permanent, "{url} has no {what}: is it a Jenkins, and is the path prefix right?"),
    405: (Permanent, "{url} takes no scripts ({what}): is it a Jenkins, and is the path prefix right?"),
    413: (Permanent, "the request for {what} is too large for {url} or a proxy before it"),
    429: (Temporary, "{url} asks to slow down ({what})"),
    500: (ServerFailed, "{url} failed on {what} (500): the reason is in its log"),
    502: (Temporary, "the gateway before {url} has no answer ({what})"),
    503: (NotStarted, "{url} is starting or stopping"),
    504: (Temporary, "the gateway before {url} had no answer in time ({what})"),
}


@dataclass(frozen=True, slots=True)
class Failures:
    """Speaks of one instance and the user that the bot is there."""

    url: str
    user: str

    def of_status(self, status: int, what: str) -> BotError:
        """The error for an HTTP status; ``what`` names what was asked for."""
        kind, text = _STATUS.get(status, (Temporary if status > 500 else Permanent, ""))
        text = text or "{url} answered {status} ({what})"
        return kind(text.format(url=self.url, user=self.user, what=what, status=status))

    def of_exception(self, error: Exception, what: str) -> BotError:
        """The error for what requests or python-jenkins raised."""
        # python-jenkins gives 401, 403 and 500 one error and 404 another; the answer itself is in what these came from.
        for candidate in (error, error.__context__):
            if isinstance(candidate, requests.HTTPError) and candidate.response is not None:
                return self.of_status(candidate.response.status_code, what)
        if isinstance(error, requests.TooManyRedirects):
            return self.of_status(302, what)
        if isinstance(error, requests.Timeout | jenkins.TimeoutException):
            return Temporary(f"{self.url} did not answer in time ({what})")
        if isinstance(error, requests.exceptions.SSLError):
            return Permanent(
                f"no secure connection to {self.url} ({_tls_reason(error)}): connection.ca_file must hold the authority that "
                "signed its certificate, connection.cert_file and key_file what it asks of its clients"
            )
        if isinstance(error, requests.ConnectionError):
            return NotStarted(f"{self.url} does not answer ({what})")
        if isinstance(error, jenkins.JenkinsException):
            return self.of_script_output(str(error), what)
        if isinstance(error, ValueError):
            return Permanent(f"{self.url} is no usable address ({type(error).__name__})")
        return Temporary(f"{self.url} broke off its answer ({what}: {type(error).__name__})")

    def of_script_output(self, output: str, what: str) -> Permanent:
        """The error for a script's answer without a result: the answer's status is 200 whatever happens."""
        if output.lstrip().startswith("<"):
            return Permanent(f"{self.url} answered {what} with a web page: is there a login page before it?")
        return Permanent(f"{what} failed on {self.url}: {one_line(output) or 'no output'}")


def _tls_reason(error: BaseException) -> str:
    """OpenSSL's own words, which are wrapped several times."""
    inner: object = error
    while isinstance(inner, Exception):
        if isinstance(inner, ssl.SSLCertVerificationError):
            return inner.verify_message
        if isinstance(inner, ssl.SSLError):
            return (inner.reason or "unknown").lower().replace("_", " ")
        # requests wraps urllib3's retry error, which has the next one as its reason; the others have it as their argument.
        inner = getattr(inner, "reason", None) or (inner.args[0] if inner.args else None)
    return "the reason is unknown"


def one_line(text: str) -> str:
    """The beginning of a text, for an error of one line."""
    return " ".join(text[: 2 * TEXT_LIMIT].split())[:TEXT_LIMIT]
