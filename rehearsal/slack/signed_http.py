"""Delivery to the app's request URL with Slack's signature (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import urlencode

import aiohttp

from rehearsal.slack.delivery import Answer
from rehearsal.slack.faults import LATE_SECONDS
from rehearsal.slack.records import Json
from rehearsal.slack.room import Room

__all__ = ["SignedHttp", "signature"]


def signature(secret: str, timestamp: str, body: str) -> str:
    """The value of ``X-Slack-Signature``."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return f"v0={digest}"


class SignedHttp:
    """Needs a running event loop from :meth:`send` on."""

    def __init__(self, room: Room, url: str) -> None:
        self._room = room
        self.url = url

    async def send(self, kind: str, payload: Json, retry: int, reason: str) -> Answer | None:
        """See :class:`rehearsal.slack.delivery.Transport`."""
        body, content_type = _encoded(kind, payload)
        timestamp = str(int(self._room.workspace.clock()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._room.workspace.settings.signing_secret, timestamp, body),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": f"http_{reason}"}
        limit = aiohttp.ClientTimeout(total=self._room.workspace.settings.acknowledge_seconds)
        started = self._room.workspace.clock()
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(self.url, data=body.encode(), headers=headers) as response,
            ):
                if response.status != 200:
                    return None
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError):
            return None
        journal = self._room.journal
        journal.acks += 1
        journal.acks_over_3s += self._room.workspace.clock() - started > LATE_SECONDS
        self._room.workspace.tell("counters", journal.counters())
        return Answer(_decoded(text))


def _encoded(kind: str, payload: Json) -> tuple[str, str]:
    if kind == "events_api":
        return json.dumps(payload), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields), "application/x-www-form-urlencoded"


def _decoded(text: str) -> Json | None:
    """An app may answer nothing, JSON, or plain text that becomes a message."""
    if not text.strip():
        return None
    try:
        payload: object = json.loads(text)
    except ValueError:
        return {"text": text}
    return payload if isinstance(payload, dict) else {"text": text}
