"""Delivers the outbox to Slack: in order, coalesced, at Slack's pace, through outages."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from adapters.slack_lookup import find_posted, metadata_of
from adapters.slack_pace import Pace
from adapters.slack_refusals import Meaning, code_of, meaning_of, seconds_to_wait
from bot.content import Content, Document, Picture
from bot.ports import Clock, Outbox, OutboxRow

__all__ = ["Message", "SlackNotifier", "slack_client"]

log = logging.getLogger(__name__)

CALL_SECONDS = 10
"""Longest wait for one answer of Slack."""
POLL_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 60.0
ABSENT_SECONDS, CLOSED_SECONDS, ABSENT_ATTEMPTS = 15.0, 600.0, 1000
"""A channel without the bot, or one that is closed, is tried again for about a week, each ten minutes in the end: people may mend it."""
PASSING_PATIENCE, UNKNOWN_PATIENCE = 10, 5
"""Attempts (some five minutes, half a minute) for which a thread keeps its order: then later messages go past the one that is refused."""
UNKNOWN_ATTEMPTS = 50
"""About three quarters of an hour for a refusal that is in no table."""
WITHOUT_FILES = (Meaning.NO_FILES, Meaning.UNKNOWN)
"""Refusals of an upload after which words may still be taken."""
ALT_TEXT = 1000
"""Longest description of a picture (``alt_txt_too_large``)."""


class Message(Protocol):
    """Content as Slack takes it; made by the views."""

    @property
    def text(self) -> str: ...

    @property
    def blocks(self) -> Sequence[dict[str, Any]]: ...


def slack_client(token: str, api_url: str) -> WebClient:
    """A client for the notifier. ``api_url`` is the base of the Web API, with a slash at its end."""
    quiet = logging.getLogger(f"{__name__}.sdk")
    quiet.setLevel(logging.CRITICAL)  # it reports each failed call; the notifier says once what is wrong
    # No retries of its own: it would post a message again whose answer was lost, without asking the outbox.
    return WebClient(token, base_url=api_url, timeout=CALL_SECONDS, retry_handlers=[], logger=quiet)


class SlackNotifier:
    """One thread's business. Nothing it does raises: a Slack outage delays messages and nothing else.

    Nothing is posted twice, though Slack has no idempotency key for new messages: a post is noted before it is sent, and where
    its outcome is unknown (the bot died, the connection was cut) Slack is asked for the message, by its metadata, before it is
    posted again. Where Slack refuses to tell, it is posted again. Updates may be repeated without harm.
    """

    def __init__(
        self,
        client: WebClient,
        outbox: Outbox,
        render: Callable[[Content], Message],
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._render = render
        self._clock = clock
        self._pace = pace or Pace()
        self._stop = threading.Event()
        self._failures = 0
        self._quiet_until = 0.0
        self._conditions: dict[str, str] = {}
        self._unnoted: dict[int, tuple[int, str]] = {}
        """Row id → generation and ts of what Slack shows and the outbox does not know yet."""

    def run(self, stop: threading.Event, wake: threading.Event) -> None:
        """Deliver until ``stop`` is set, within a second or the one call under way; ``wake`` says that something was put."""
        self._stop = stop
        while not stop.is_set():
            wake.clear()
            self.deliver_due()
            self._clock.wait(wake, POLL_SECONDS)

    def deliver_due(self) -> None:
        """Show everything that is due, waiting between messages as Slack asks; returns early in an outage."""
        try:
            while not self._stop.is_set() and self._deliver_next():
                pass
        except Exception as error:  # noqa: BLE001 # the outbox failed, say a full disk; the thread must live on
            self._note("outbox", f"the outbox cannot be used: {type(error).__name__}: {error}")
        else:
            self._clear("outbox")

    def _deliver_next(self) -> bool:
        """False when nothing can be done now."""
        now = self._clock.now()
        rows = self._outbox.due(now) if now >= self._quiet_until else ()
        if not rows:
            return False
        row, at = self._pace.next(rows, now)
        if at > now:
            # Then look again: it may have been replaced by then, or something come that need not wait.
            self._clock.wait(self._stop, min(at - now, POLL_SECONDS))
        elif row.id in self._unnoted:
            self._note_shown(row.id)
        else:
            self._deliver(row)
        return True

    def _deliver(self, row: OutboxRow) -> None:
        self._pace.used(row, self._clock.now())
        if row.ts is None and row.posting_at is None:
            self._outbox.posting(row.id, self._clock.now())  # a failing outbox is no fault of the message
        try:
            ts = self._show(row)
        except SlackApiError as error:
            self._refused(row, error)
        except (OSError, HTTPException, SlackRequestError) as error:
            self._back_off(row, f"Slack cannot be reached ({type(error).__name__})")
        except Exception as error:  # a message that cannot be made must not keep the others back
            log.exception("message %s of upgrade %s cannot be made", row.key, row.upgrade)
            self._outbox.give_up(row.id, f"{type(error).__name__}: {error}")
        else:
            self._failures = 0
            self._clear("slack")
            self._clear(row.channel)
            self._unnoted[row.id] = row.generation, ts
            self._note_shown(row.id)

    def _note_shown(self, id: int) -> None:
        """If the outbox fails at this, the message must not be posted again when it works again."""
        self._outbox.sent(id, *self._unnoted[id])
        del self._unnoted[id]

    # ---- showing ---------------------------------------------------------------------------------------------

    def _show(self, row: OutboxRow) -> str:
        if row.ts is None and row.posting_at is not None:
            row = dataclasses.replace(row, ts=self._find(row, row.posting_at))
        if not isinstance(row.content, Picture | Document):
            return self._send(row, self._render(row.content))
        if row.ts is not None:
            return row.ts  # a file is shown once
        if isinstance(row.content, Document):
            first = _file(row.content.filename, row.content.text, row.content.title)
            return self._upload(row, [first, *(_file(name, text, name) for name, text in row.content.more)])
        path, words = Path(row.content.path), row.content.alt_text[:ALT_TEXT]
        try:
            content = path.read_bytes()
        except OSError as error:
            log.warning("picture %s of upgrade %s: %s; its words are sent", row.key, row.upgrade, error)
            return self._send(row, self._render(row.content))
        picture = {"filename": path.name, "content": content, "title": row.content.title, "alt_txt": words}
        return self._upload(row, [picture])

    def _find(self, row: OutboxRow, since: float) -> str | None:
        """What an earlier attempt of unknown outcome has posted; None where there is nothing, or Slack refuses to tell."""
        try:
            return find_posted(self._client, row, since)
        except SlackApiError as error:
            if meaning_of(error) in (Meaning.SLOWER, Meaning.OUTAGE, Meaning.PASSING):
                raise
            self._note(
                "lookup",
                f"Slack does not tell what was posted ({code_of(error)}); a message may appear twice",
            )
            return None

    def _upload(self, row: OutboxRow, files: list[dict[str, Any]]) -> str:
        """Show ``files`` in one message. Returns the first one's id, since Slack does not tell the message's name."""
        assert isinstance(row.content, Picture | Document), "only these are files"
        try:
            response = self._client.files_upload_v2(
                channel=row.channel,
                thread_ts=row.thread_ts,
                file_uploads=files,
            )
        except SlackApiError as error:
            if meaning_of(error) not in WITHOUT_FILES and code_of(error) != "missing_scope":
                raise
            why = code_of(error)
        except (OSError, HTTPException, SlackRequestError) as error:
            if row.attempts == 0:
                raise  # it may pass
            # Files go to a host of their own, which a proxy may not let through: they must not keep the messages back.
            shown = self._find(row, row.posting_at or self._clock.now())
            if shown is not None:
                return shown
            why = type(error).__name__
        else:
            self._clear("files")
            return str(response["files"][0]["id"])
        self._note("files", f"Slack takes no files ({why}); their words are sent")
        return self._send(row, self._render(row.content))

    def _send(self, row: OutboxRow, message: Message, *, plain: bool = False) -> str:
        """Post or update; where that is impossible in one way, in the next best."""
        try:
            return self._call(row, message.text, [] if plain else list(message.blocks))
        except SlackApiError as error:
            meaning = meaning_of(error)
            if meaning is Meaning.UNSHOWABLE and not plain:
                log.error(
                    "Slack refuses the blocks of %s of upgrade %s (%s); only its text is shown: %s",
                    row.key,
                    row.upgrade,
                    code_of(error),
                    str(error.response.get("errors", ""))[:500],
                )
                return self._send(row, message, plain=True)
            if meaning is Meaning.GONE and row.ts is not None:
                return self._send(dataclasses.replace(row, ts=None), message, plain=plain)
            if meaning is Meaning.GONE and row.thread_ts is not None:
                return self._send(dataclasses.replace(row, thread_ts=None), message, plain=plain)
            raise

    def _call(self, row: OutboxRow, text: str, blocks: list[dict[str, Any]]) -> str:
        metadata = metadata_of(row)
        if row.ts is not None:
            self._client.chat_update(
                channel=row.channel, ts=row.ts, text=text, blocks=blocks, metadata=metadata
            )
            return row.ts
        response = self._client.chat_postMessage(
            channel=row.channel,
            thread_ts=row.thread_ts,
            text=text,
            blocks=blocks or None,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(response["ts"])

    # ---- when it fails ---------------------------------------------------------------------------------------

    def _refused(self, row: OutboxRow, error: SlackApiError) -> None:
        code, now = code_of(error), self._clock.now()
        match meaning_of(error):
            case Meaning.SLOWER:
                until = now + seconds_to_wait(error)
                self._pace.pause(row, until)
                self._outbox.retry(row.id, until, "Slack asks to wait")
            case Meaning.OUTAGE:
                self._back_off(row, f"Slack does not work ({code})")
            case Meaning.TOKEN:
                why = f"Slack refuses the bot's token or rights ({code}): see SLACK_BOT_TOKEN, or install the app again"
                self._back_off(row, why, LONGEST_BACKOFF_SECONDS, maybe_posted=False)
            case Meaning.ABSENT:
                why = f"Slack refuses messages in {row.channel} ({code}): invite the bot there"
                self._note(row.channel, why)
                self._try_again(row, why, _growing(ABSENT_SECONDS, row, CLOSED_SECONDS), ABSENT_ATTEMPTS)
            case Meaning.CLOSED:
                why = f"Slack takes no messages in {row.channel} ({code}): reopen the channel, or let the bot write in it"
                self._note(row.channel, why)
                self._try_again(row, why, CLOSED_SECONDS, ABSENT_ATTEMPTS)
            case Meaning.PASSING:
                # Slack may have done a part of it before it stumbled, as its page of fatal_error says.
                at = now + _growing(1.0, row, LONGEST_BACKOFF_SECONDS)
                passed = row.attempts >= PASSING_PATIENCE
                why = f"Slack stumbles over a message ({code})"
                self._outbox.retry(row.id, at, why, maybe_posted=True, passed=passed)
            case Meaning.UNKNOWN:
                log.warning("Slack refuses %s of upgrade %s: %s", row.key, row.upgrade, code)
                why, delay = _refusal(code), _growing(1.0, row, LONGEST_BACKOFF_SECONDS)
                self._try_again(row, why, delay, UNKNOWN_ATTEMPTS, passed=row.attempts >= UNKNOWN_PATIENCE)
            case Meaning.FIXED | Meaning.GONE | Meaning.UNSHOWABLE | Meaning.NO_FILES:
                self._note(row.channel, f"Slack refuses a message in {row.channel} for good ({code})")
                self._outbox.give_up(row.id, _refusal(code), now + CLOSED_SECONDS)

    def _back_off(
        self, row: OutboxRow, why: str, seconds: float | None = None, *, maybe_posted: bool = True
    ) -> None:
        """Leave Slack in peace for a while; nothing is lost meanwhile."""
        self._note("slack", why)
        delay = min(LONGEST_BACKOFF_SECONDS, 2.0 ** min(self._failures, 10)) if seconds is None else seconds
        self._failures += 1
        self._quiet_until = self._clock.now() + delay
        self._outbox.retry(row.id, self._quiet_until, why, maybe_posted=maybe_posted)

    def _try_again(self, row: OutboxRow, why: str, delay: float, most: int, *, passed: bool = False) -> None:
        if row.attempts >= most:
            self._outbox.give_up(row.id, why)
        else:
            self._outbox.retry(row.id, self._clock.now() + delay, why, passed=passed)

    def _note(self, place: str, condition: str) -> None:
        """Say it once, not with every message."""
        if self._conditions.get(place) != condition:
            self._conditions[place] = condition
            log.warning("%s", condition)

    def _clear(self, place: str) -> None:
        condition = self._conditions.pop(place, None)
        if condition is not None:
            log.warning("over: %s", condition)


def _file(name: str, text: str, title: str) -> dict[str, Any]:
    return {"filename": name, "content": text.encode(), "title": title}


def _refusal(code: str) -> str:
    return f"Slack refuses a message ({code}); the bot's log names it"


def _growing(first: float, row: OutboxRow, longest: float) -> float:
    """Seconds until the next attempt."""
    return float(min(longest, first * 2.0 ** min(row.attempts, 20)))
