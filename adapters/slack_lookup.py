"""Finds a message whose posting has an unknown outcome, so that it is not posted a second time.

Needs the scopes channels:history, groups:history and im:history (for the kind of the conversation), see
https://docs.slack.dev/reference/methods/conversations.history and …/conversations.replies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slack_sdk import WebClient

from bot.content import Document, Picture
from bot.ports import OutboxRow

__all__ = ["find_posted", "metadata_of"]

SKEW_SECONDS = 300.0
"""How far the clocks of Slack and of this machine may be apart."""
PAGE, PAGES = 200, 5


def metadata_of(row: OutboxRow) -> dict[str, Any]:
    """What a message carries to be told by, unseen by people."""
    return {"event_type": "ci_upgrade", "event_payload": {"upgrade": row.upgrade, "key": row.key}}


def find_posted(client: WebClient, row: OutboxRow, since: float) -> str | None:
    """The name (ts; a file's id for a picture or a document) of what Slack shows of this row, None when it shows nothing.

    ``since``: when the posting was begun, epoch seconds.

    :raises SlackApiError: when Slack refuses to tell.
    """
    cursor = ""
    for _ in range(PAGES):
        arguments: dict[str, Any] = {
            "channel": row.channel,
            "oldest": f"{since - SKEW_SECONDS:.6f}",
            "include_all_metadata": True,
            "limit": PAGE,
        }
        if cursor:
            arguments["cursor"] = cursor
        if row.thread_ts is None:
            answer = client.conversations_history(**arguments)
        else:
            answer = client.conversations_replies(ts=row.thread_ts, **arguments)
        for message in answer.get("messages") or ():
            name = _name_of(row, message)
            if name is not None:
                return name
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            break
    return None


def _name_of(row: OutboxRow, message: dict[str, Any]) -> str | None:
    payload = (message.get("metadata") or {}).get("event_payload")
    if payload == metadata_of(row)["event_payload"]:
        return str(message["ts"])
    if isinstance(row.content, Picture | Document):
        # An upload takes no metadata; its file is named after the gate or the upgrade, so that no other has its name.
        wanted = Path(row.content.path).name if isinstance(row.content, Picture) else row.content.filename
        for file in message.get("files", ()):
            if file.get("name") == wanted:
                return str(file["id"])
    return None
