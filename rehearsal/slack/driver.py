"""A person's hands for tests and scripts: the control API of a running workspace, from any process."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

from rehearsal.slack.records import Json

__all__ = ["Refusal", "WorkspaceDriver"]

Found = TypeVar("Found")


class Refusal(Exception):
    """The workspace refused; ``error`` is Slack's name for why."""

    def __init__(self, answer: Json) -> None:
        super().__init__(answer.get("error"))
        self.error = str(answer.get("error"))


class WorkspaceDriver:
    """Every verb returns what the person's client learned: ``{"ok": true}`` or ``{"ok": false, "notice": …}``.

    All raise :class:`Refusal`. People are named by id (``U0ANN``), messages by channel and ts.
    """

    def __init__(self, address: str) -> None:
        """``address`` without a trailing slash: ``http://127.0.0.1:8900``."""
        self.address = address

    # ---- doing --------------------------------------------------------------------------------------------------

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Send a message, or a slash command when the text starts with a slash."""
        return self._post("say", user=user, channel=channel, text=text, thread_ts=thread_ts)

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        block_id: str | None = None,
        value: Any = None,
        values: Json | None = None,
        earlier: bool = False,
    ) -> Json:
        """Use a button or menu of a message, accepting its confirm dialog.

        ``earlier``: the person clicks what the message showed before its latest changes (``value`` picks a button's version).
        """
        return self._post(
            "click",
            user=user,
            channel=channel,
            ts=ts,
            action_id=action_id,
            block_id=block_id,
            value=value,
            values=values,
            earlier=earlier,
        )

    def click_view(
        self, user: str, view_id: str, action_id: str, value: Any = None, values: Json | None = None
    ) -> Json:
        """Use a button or menu of a modal or of the app home."""
        return self._post(
            "click", user=user, view_id=view_id, action_id=action_id, value=value, values=values
        )

    def submit(self, user: str, view_id: str, values: Json | None = None) -> Json:
        """``values``: block id → action id → plain value. Inputs left out keep their initial value."""
        return self._post("submit", user=user, view_id=view_id, values=values)

    def close(self, user: str, view_id: str) -> Json:
        return self._post("close", user=user, view_id=view_id)

    def open_home(self, user: str) -> Json:
        return self._post("home", user=user)

    def shortcut(
        self, user: str, callback_id: str, channel: str | None = None, ts: str | None = None
    ) -> Json:
        return self._post("shortcut", user=user, callback_id=callback_id, channel=channel, ts=ts)

    # ---- faults -------------------------------------------------------------------------------------------------

    def faults(self, **knobs: Any) -> Json:
        """``outage``, ``delay_seconds``, ``enforce_rates``, ``deliver_twice``; ``fail=[{"error": …, "method": …, "count": …}]``."""
        return self._post("faults", **knobs)

    def rate_limit(self, count: int, retry_after: int = 1, method: str | None = None) -> Json:
        """The next ``count`` calls are answered 429."""
        return self.faults(
            fail=[{"error": "ratelimited", "count": count, "retry_after": retry_after, "method": method}]
        )

    def reconnect(self, cut: bool = False) -> Json:
        """Ask every Socket Mode client to reconnect, or cut the connections."""
        return self._post("reconnect", cut=cut)

    def deliver_to(self, url: str | None) -> Json:
        """Deliver signed HTTP requests to this address; None: Socket Mode."""
        return self._post("delivery", url=url)

    def change_channel(
        self, channel: str, archived: bool | None = None, bot_member: bool | None = None
    ) -> Json:
        return self._post("channel", channel=channel, archived=archived, bot_member=bot_member)

    # ---- looking ------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Everything that the page shows."""
        return self._get("state")

    def messages(self, channel: str, thread_ts: str | None = None, seen_by: str | None = None) -> list[Json]:
        """Oldest first; of a thread its parent and replies. Ephemeral ones only as ``seen_by`` that person."""
        messages: list[Json] = self.state()["messages"][channel]
        return [
            message
            for message in messages
            if message["visible_to"] in (None, seen_by)
            and (thread_ts is None or thread_ts in (message["ts"], message.get("thread_ts")))
        ]

    def modal(self, user: str) -> Json | None:
        """The view on top, None without a modal."""
        stack: list[Json] = self.state()["modals"].get(user, [])
        return stack[-1] if stack else None

    def home(self, user: str) -> Json | None:
        view: Json | None = self.state()["homes"].get(user)
        return view

    def calls(self, method: str | None = None) -> list[Json]:
        """Every Web API call, oldest first: method, at, arguments, ok, error."""
        calls: list[Json] = self._get("calls" + (f"?method={method}" if method else ""))["calls"]
        return calls

    def counters(self) -> Json:
        """acks, acks_over_3s, unacknowledged, messages, updates, calls (by method)."""
        return self._get("counters")

    def wait_for(self, look: Callable[[], Found | None], seconds: float = 60.0) -> Found:
        """Look until something true is found.

        :raises TimeoutError: after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"not seen within {seconds} s")
            time.sleep(0.02)

    def wait_connected(self, seconds: float = 60.0) -> None:
        """Until the app has opened Socket Mode."""
        self.wait_for(lambda: self.state()["connections"], seconds)

    def _post(self, verb: str, **body: Any) -> Json:
        request = urllib.request.Request(
            f"{self.address}/workspace/{verb}",
            data=json.dumps({key: value for key, value in body.items() if value is not None}).encode(),
            headers={"Content-Type": "application/json"},
        )
        return self._send(request)

    def _get(self, path: str) -> Json:
        return self._send(urllib.request.Request(f"{self.address}/workspace/{path}"))

    def _send(self, request: urllib.request.Request) -> Json:
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer: Json = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise Refusal(json.load(error)) from None
        return answer
