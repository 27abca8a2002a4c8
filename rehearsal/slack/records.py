"""What a workspace holds, as records with the JSON that Slack's own methods return for them.

Timestamps (``ts``) are Slack's: seconds with six decimals as text, unique in the workspace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "APP_ID",
    "BOT_ID",
    "BOT_USER",
    "TEAM",
    "TEAM_DOMAIN",
    "Channel",
    "Json",
    "Message",
    "Upload",
    "User",
    "UserGroup",
    "View",
]

Json = dict[str, Any]

TEAM = "T0REHEARSE"
TEAM_DOMAIN = "rehearsal"
APP_ID = "A0CIUPGRADE"
BOT_ID = "B0CIUPGRADE"
BOT_USER = "U0CIBOT"


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    """The handle, lower case, without the at sign."""
    real_name: str
    is_bot: bool = False

    def to_slack(self) -> Json:
        return {
            "id": self.id,
            "team_id": TEAM,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": False,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "profile": {
                "real_name": self.real_name,
                "real_name_normalized": self.real_name,
                "display_name": self.name,
                "display_name_normalized": self.name,
            },
        }


@dataclass(frozen=True, slots=True)
class UserGroup:
    id: str
    handle: str
    name: str
    users: tuple[str, ...]

    def to_slack(self) -> Json:
        return {
            "id": self.id,
            "team_id": TEAM,
            "is_usergroup": True,
            "name": self.name,
            "handle": self.handle,
            "description": "",
            "date_delete": 0,
            "user_count": len(self.users),
        }


@dataclass(slots=True)
class Channel:
    id: str
    name: str
    """Without the hash; ``directmessage`` for one, as in Slack's payloads."""
    members: list[str]
    archived: bool = False
    direct_with: str | None = None
    """The person that a direct message with the app belongs to."""
    kind: Literal["channel", "im", "mpim"] = "channel"
    """Also ``im`` for a direct message between two people, where commands can be typed and the app sees nothing; ``mpim`` among several."""

    def to_slack(self) -> Json:
        if self.kind == "im":
            return {"id": self.id, "is_im": True, "is_archived": False, "user": self.direct_with or ""}
        if self.kind == "mpim":
            return {"id": self.id, "name": self.name, "is_mpim": True, "is_archived": False}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": True,
            "is_im": False,
            "is_private": False,
            "is_archived": self.archived,
            "is_general": self.name == "general",
            "is_member": BOT_USER in self.members,
            "num_members": len(self.members),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


@dataclass(slots=True)
class Upload:
    id: str
    name: str
    length: int
    alt_text: str
    title: str = ""
    content: bytes | None = None
    complete: bool = False
    shares: Json = field(default_factory=dict)
    """Channel → where in it: ``[{"ts": …, "thread_ts": …}]``."""

    def to_slack(self, address: str) -> Json:
        """``address`` is the workspace's own, for the links."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": "image/png" if self.name.endswith(".png") else "application/octet-stream",
            "filetype": self.name.rpartition(".")[2],
            "size": self.length,
            "alt_txt": self.alt_text,
            "user": BOT_USER,
            "url_private": f"{address}/files/{self.id}/{self.name}",
            "permalink": f"{address}/files/{self.id}/{self.name}",
        }


@dataclass(slots=True)
class Message:
    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    visible_to: str | None = None
    """The one person who sees an ephemeral message; None: everybody in the channel."""
    edited_ts: str | None = None
    files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    metadata: Json | None = None
    replies: list[str] = field(default_factory=list)
    """ts of the replies, oldest first."""
    earlier: list[list[Json]] = field(default_factory=list)
    """Blocks as they were before the latest changes, newest first: what a slow person may still be looking at."""

    def to_slack(self) -> Json:
        message: Json = {"type": "message", "user": self.user, "ts": self.ts, "team": TEAM, "text": self.text}
        if self.user == BOT_USER:
            message |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.blocks:
            message["blocks"] = self.blocks
        if self.files:
            message["files"] = self.files
        if self.metadata:
            message["metadata"] = self.metadata
        if self.thread_ts:
            message["thread_ts"] = self.thread_ts
        if self.replies:
            message |= {
                "thread_ts": self.ts,
                "reply_count": len(self.replies),
                "latest_reply": self.replies[-1],
            }
        if self.edited_ts:
            message["edited"] = {"user": self.user, "ts": self.edited_ts}
        if self.reactions:
            message["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        return message

    def to_page(self) -> Json:
        """What the page needs to show it: Slack's JSON, where it belongs and who sees it."""
        return self.to_slack() | {"channel": self.channel, "visible_to": self.visible_to}


@dataclass(slots=True)
class View:
    """A modal or an app home as one person sees it."""

    id: str
    user: str
    definition: Json
    """As the app gave it: type, title, blocks, callback_id, private_metadata, …, normalised."""
    hash: str
    root_id: str
    previous_id: str | None = None

    def to_slack(self, values: Json | None = None) -> Json:
        """``values`` is the state of the inputs: block id → action id → element state."""
        defaults: Json = {
            "callback_id": "",
            "private_metadata": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "title": None,
            "close": None,
            "submit": None,
        }
        return (
            defaults
            | self.definition
            | {
                "id": self.id,
                "team_id": TEAM,
                "app_id": APP_ID,
                "bot_id": BOT_ID,
                "app_installed_team_id": TEAM,
                "hash": self.hash,
                "root_view_id": self.root_id,
                "previous_view_id": self.previous_id,
                "state": {"values": values or {}},
            }
        )
