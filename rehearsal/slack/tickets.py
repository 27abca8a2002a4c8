"""Short-lived rights that Slack hands to an app with an interaction: trigger ids and response URLs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.slack.errors import ApiError

__all__ = ["ResponseUrl", "Tickets"]

RESPONSE_USES = 5
RESPONSE_SECONDS = 30 * 60


@dataclass(slots=True)
class ResponseUrl:
    """Where an app may answer an interaction (https://docs.slack.dev/interactivity/handling-user-interaction)."""

    channel: str
    user: str
    expires_at: float
    ts: str | None = None
    """The message that was clicked; None for a slash command."""
    uses: int = 0


@dataclass(slots=True)
class _Trigger:
    user: str
    expires_at: float
    used: bool = False


class Tickets:
    def __init__(self, clock: Callable[[], float], trigger_seconds: float) -> None:
        self._clock = clock
        self._trigger_seconds = trigger_seconds
        self._triggers: dict[str, _Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}

    def new_trigger(self, user: str) -> str:
        id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[id] = _Trigger(user, self._clock() + self._trigger_seconds)
        return id

    def exchange(self, trigger_id: object) -> str:
        """Use a trigger id once; returns the person who caused it.

        :raises ApiError: ``invalid_trigger_id``, ``exchanged_trigger_id`` or ``expired_trigger_id``.
        """
        trigger = self._triggers.get(str(trigger_id))
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if self._clock() > trigger.expires_at:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def new_response(self, channel: str, user: str, ts: str | None = None) -> str:
        """Returns the secret path of the URL."""
        key = secrets.token_urlsafe(18)
        self._responses[key] = ResponseUrl(channel, user, self._clock() + RESPONSE_SECONDS, ts)
        return key

    def respond(self, key: str) -> ResponseUrl:
        """Count one use.

        :raises ApiError: ``expired_url`` or ``used_url``.
        """
        response = self._responses.get(key)
        if response is None or self._clock() > response.expires_at:
            raise ApiError("expired_url")
        if response.uses >= RESPONSE_USES:
            raise ApiError("used_url")
        response.uses += 1
        return response
