"""Delivers the outbox to Slack: in order, coalesced, at Slack's pace, through outages.

Delivery is at least once: Slack has no idempotency key for ``chat.postMessage``, so a crash in the milliseconds between Slack's
acceptance and the note of it posts that one message again. Everything after is an update of the noted message.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.content import Content, Picture
from bot.ports import Clock, Outbox, OutboxRow

__all__ = ["Message", "SlackNotifier", "slack_client"]

log = logging.getLogger(__name__)

PACE_SECONDS = 1.0
"""Slack takes about one message a second in a channel (docs: rate limits)."""
BACKOFF_LIMIT_SECONDS = 60.0
POLL_SECONDS = 2.0
CALL_SECONDS = 20

_GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"}
_HOPELESS = {"channel_not_found", "is_archived", "not_in_channel", "restricted_action", "file_not_found"}
_UNSHOWABLE = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
_WAIT = {
    "ratelimited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
}


def slack_client(token: str, api_url: str) -> WebClient:
    """A client for one sender; ``api_url`` is the base of the Web API, with a slash at its end.

    It tries nothing twice by itself: the SDK would post a message again whose answer was lost.
    """
    return WebClient(token, base_url=api_url, timeout=CALL_SECONDS, retry_handlers=[])


class Message(Protocol):
    """Content as Slack takes it; made by the views."""

    @property
    def text(self) -> str: ...

    @property
    def blocks(self) -> Sequence[dict[str, Any]]: ...


class SlackNotifier:
    def __init__(
        self,
        client: WebClient,
        outbox: Outbox,
        render: Callable[[Content], Message],
        clock: Clock,
        pace: float = PACE_SECONDS,
    ) -> None:
        """``pace`` is the least number of seconds between two new messages in a channel."""
        self._client = client
        self._outbox = outbox
        self._render = render
        self._clock = clock
        self._pace = pace
        self._posted: dict[str, float] = {}
        self._condition = ""

    def run(self, stop: threading.Event, news: threading.Event) -> None:
        """Deliver until told to stop; ``news`` says that something was put."""
        while not stop.is_set():
            news.clear()
            self.deliver_due()
            news.wait(POLL_SECONDS)

    def deliver_due(self) -> None:
        """Show what is due. Never raises: a Slack outage delays messages, nothing else."""
        for row in self._outbox.due(self._clock.now()):
            wait = self._posted.get(row.channel, 0.0) + self._pace - self._clock.now()
            if row.ts is None and 0 < wait <= self._pace:
                time.sleep(wait)
            try:
                ts = self._show(row)
            except SlackApiError as error:
                if self._refused(row, error):
                    return
            except (OSError, ValueError, TypeError) as error:
                # The SDK raises ValueError and its like for bodies that are not JSON, as proxies send them in an outage.
                self._delay(row, f"Slack cannot be reached: {type(error).__name__}")
                return
            except Exception as error:  # one message that cannot be made must not keep the others back
                log.exception("message %s of %s cannot be shown", row.key, row.upgrade)
                self._outbox.give_up(row.id, f"{type(error).__name__}: {error}")
            else:
                self._changed("")
                self._outbox.sent(row.id, row.generation, ts)

    def _show(self, row: OutboxRow, *, plain: bool = False) -> str:
        if isinstance(row.content, Picture):
            return self._upload(row, row.content)
        message = self._render(row.content)
        blocks = None if plain else list(message.blocks)
        if row.ts is not None:
            self._client.chat_update(channel=row.channel, ts=row.ts, text=message.text, blocks=blocks or [])
            return row.ts
        self._posted[row.channel] = self._clock.now()
        response = self._client.chat_postMessage(
            channel=row.channel,
            text=message.text,
            blocks=blocks,
            thread_ts=row.thread_ts,
            unfurl_links=False,
            metadata={"event_type": "ci_upgrade", "event_payload": {"upgrade": row.upgrade, "key": row.key}},
        )
        return str(response["ts"])

    def _upload(self, row: OutboxRow, picture: Picture) -> str:
        if row.ts is not None:
            return row.ts  # a picture is posted once; a newer one has a key of its own
        response = self._client.files_upload_v2(
            channel=row.channel,
            thread_ts=row.thread_ts,
            filename=Path(picture.path).name,
            content=Path(picture.path).read_bytes(),
            title=picture.title,
            alt_txt=picture.alt_text,
        )
        return str(response["files"][0]["id"])

    def _refused(self, row: OutboxRow, error: SlackApiError) -> bool:
        """Deal with Slack's refusal; True when nothing else should be tried now."""
        code = str(error.response.get("error", error.response.status_code))
        if error.response.status_code == 429 or code == "ratelimited":
            seconds = float(error.response.headers.get("Retry-After", 5))
            self._outbox.retry(row.id, self._clock.now() + seconds, "Slack asked to wait")
            return True
        if code in _UNSHOWABLE:
            log.error(
                "Slack refuses the blocks of %s (%s): %s", row.key, row.upgrade, error.response.get("errors")
            )
            try:
                self._outbox.sent(row.id, row.generation, self._show(row, plain=True))
            except (SlackApiError, OSError):
                self._delay(row, f"Slack refuses: {code}")
            return False
        if code in _GONE and row.ts is not None:
            # Somebody deleted the message: it is not posted again against their will, the rest of the thread goes on.
            self._outbox.give_up(row.id, f"the message was deleted ({code})")
            return False
        if code in _HOPELESS:
            self._changed(
                f"Slack refuses messages in {row.channel}: {code}. Invite the bot there, or choose another channel."
            )
            self._outbox.retry(
                row.id,
                self._clock.now() + BACKOFF_LIMIT_SECONDS,
                f"{code} in {row.channel}: invite the bot to the channel",
            )
            return False
        self._delay(row, f"Slack answers {code}")
        return code in _WAIT or error.response.status_code >= 500

    def _delay(self, row: OutboxRow, why: str) -> None:
        self._changed(why)
        self._outbox.retry(row.id, self._clock.now() + min(BACKOFF_LIMIT_SECONDS, 2.0**row.attempts), why)

    def _changed(self, condition: str) -> None:
        """Log once when things become bad, and once when they are good again."""
        if condition != self._condition:
            self._condition = condition
            log.warning("%s", condition or "Slack takes messages again")
