"""The secrets that Slack gave the app: what each must look like, and Slack's words for one that will never do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.errors import ConfigurationError

__all__ = ["Credentials", "read_credentials", "refusal", "refused"]

API_URL = "https://slack.com/api/"
ASK_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Credentials:
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    """Empty in HTTP mode, which needs none."""
    signing_secret: str = field(repr=False)
    """Empty in Socket Mode, where nothing is signed."""
    api_url: str = API_URL
    """Base URL of the Web API, with a slash at its end."""


@dataclass(frozen=True, slots=True)
class _Kind:
    prefixes: tuple[str, ...]
    description: str


_KINDS = {
    "SLACK_BOT_TOKEN": _Kind(
        # The second where Slack rotates tokens: https://docs.slack.dev/authentication/using-token-rotation
        ("xoxb-", "xoxe.xoxb-"),
        'the Bot User OAuth Token of the app\'s page "OAuth & Permissions"; it starts with xoxb-',
    ),
    "SLACK_APP_TOKEN": _Kind(
        ("xapp-",),
        'an App-Level Token with the scope connections:write, from the app\'s page "Basic Information"; it starts with xapp-',
    ),
    "SLACK_SIGNING_SECRET": _Kind(
        ("",), 'the Signing Secret of the app\'s page "Basic Information", 32 hexadecimal digits'
    ),
}

_REFUSALS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
"""Error codes of https://docs.slack.dev/reference/methods/auth.test and apps.connections.open that no repetition changes."""


def read_credentials(environ: Mapping[str, str], *, http: bool) -> Credentials:
    """SLACK_BOT_TOKEN with SLACK_SIGNING_SECRET for HTTP or SLACK_APP_TOKEN for Socket Mode; SLACK_API_URL is Slack itself
    unless a proxy or a stand-in is named.

    :raises ConfigurationError: naming every variable that is missing or cannot be right.
    """
    names = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET" if http else "SLACK_APP_TOKEN")
    values = {name: environ.get(name, "").strip() for name in names}
    faults = [fault for name, value in values.items() if (fault := _fault_of(name, value))]
    if faults:
        raise ConfigurationError("\n".join(faults))
    return Credentials(
        bot_token=values["SLACK_BOT_TOKEN"],
        app_token=values.get("SLACK_APP_TOKEN", ""),
        signing_secret=values.get("SLACK_SIGNING_SECRET", ""),
        api_url=(environ.get("SLACK_API_URL", "").strip() or API_URL).rstrip("/") + "/",
    )


def refused(name: str, error: Exception) -> ConfigurationError | None:
    """The fault to raise when the error is Slack's refusal of that token; None for every other failure, such as an outage."""
    if not isinstance(error, SlackApiError):
        return None
    code = error.response.get("error")
    return ConfigurationError(_fault(name, f"is refused by Slack ({code})")) if code in _REFUSALS else None


def refusal(credentials: Credentials) -> str | None:
    """What Slack says against the bot token, or why it could not be asked; None when it is accepted."""
    try:
        WebClient(credentials.bot_token, base_url=credentials.api_url, timeout=ASK_SECONDS).auth_test()
    except SlackApiError as error:
        fault = refused("SLACK_BOT_TOKEN", error)
        return str(fault) if fault else f"Slack answers {error.response.get('error')}"
    except OSError as error:
        return f"Slack does not answer at {credentials.api_url}: {error}"
    return None


def _fault_of(name: str, value: str) -> str:
    if not value:
        return _fault(name, "is not set")
    return "" if value.startswith(_KINDS[name].prefixes) else _fault(name, "does not look right")


def _fault(name: str, what: str) -> str:
    return f"{name} {what}: it is {_KINDS[name].description}"
