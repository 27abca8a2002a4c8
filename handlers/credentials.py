"""The secrets that Slack gave the app: what each must look like, and Slack's words for one that will never do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError

from bot.errors import ConfigurationError

__all__ = ["refused", "required"]


@dataclass(frozen=True, slots=True)
class _Kind:
    prefixes: tuple[str, ...]
    description: str


_KINDS = {
    "SLACK_BOT_TOKEN": _Kind(
        # Where Slack rotates tokens: https://docs.slack.dev/authentication/using-token-rotation
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


def required(environ: Mapping[str, str], name: str) -> str:
    """One of SLACK_BOT_TOKEN, SLACK_APP_TOKEN and SLACK_SIGNING_SECRET.

    :raises ConfigurationError: when it is missing or cannot be right.
    """
    value = environ.get(name, "").strip()
    if not value:
        raise _fault(name, "is not set")
    if not value.startswith(_KINDS[name].prefixes):
        raise _fault(name, "does not look right")
    return value


def refused(name: str, error: Exception) -> ConfigurationError | None:
    """The fault to raise when the error is Slack's refusal of that token; None for every other failure, such as an outage."""
    if not isinstance(error, SlackApiError):
        return None
    code = error.response.get("error")
    return _fault(name, f"is refused by Slack ({code})") if code in _REFUSALS else None


def _fault(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"{name} {what}: it is {_KINDS[name].description}")
