"""Web API methods that look things up: ``auth``, ``users``, ``conversations``, ``usergroups``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rehearsal.slack.chat_methods import app_channel
from rehearsal.slack.errors import ApiError
from rehearsal.slack.records import APP_ID, BOT_ID, BOT_USER, TEAM, Channel, Json, Message
from rehearsal.slack.room import Room

__all__ = ["LOOKUP_METHODS"]


def authentication(room: Room, _arguments: Json) -> Json:
    return {
        "url": f"{room.workspace.address}/",
        "team": "Rehearsal",
        "user": room.workspace.users[BOT_USER].name,
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


def user_info(room: Room, arguments: Json) -> Json:
    user = room.workspace.users.get(str(arguments.get("user")))
    if user is None:
        raise ApiError("user_not_found")
    return {"user": user.to_slack()}


def list_users(room: Room, arguments: Json) -> Json:
    return _page("members", [user.to_slack() for user in room.workspace.users.values()], arguments)


def conversation_info(room: Room, arguments: Json) -> Json:
    channel = app_channel(room, arguments)
    _require_scope(room, {"channel": "channels:read", "im": "im:read", "mpim": "mpim:read"}[channel.kind])
    return {"channel": channel.to_slack()}


def list_conversations(room: Room, arguments: Json) -> Json:
    types = str(arguments.get("types") or "public_channel").split(",")
    hide_archived = str(arguments.get("exclude_archived")).lower() in ("1", "true")
    channels = [
        channel.to_slack()
        for channel in room.workspace.channels.values()
        if {"channel": "public_channel"}.get(channel.kind, channel.kind) in types
        and (channel.kind == "channel" or BOT_USER in channel.members)
        and not (hide_archived and channel.archived)
    ]
    return _page("channels", channels, arguments)


def conversation_history(room: Room, arguments: Json) -> Json:
    channel = _readable(room, arguments)
    messages = [
        _told(message, arguments)
        for message in reversed(room.workspace.messages[channel.id].values())
        if not message.thread_ts and not message.visible_to and _within(message.ts, arguments)
    ]
    return _page("messages", messages, arguments)


def conversation_replies(room: Room, arguments: Json) -> Json:
    channel = _readable(room, arguments)
    thread = room.workspace.thread(channel.id, str(arguments.get("ts")))
    if not thread:
        raise ApiError("thread_not_found")
    return _page(
        "messages",
        [_told(message, arguments) for message in thread if _within(message.ts, arguments)],
        arguments,
    )


def conversation_members(room: Room, arguments: Json) -> Json:
    return _page("members", app_channel(room, arguments).members, arguments)


def open_conversation(room: Room, arguments: Json) -> Json:
    channel = app_channel(room, {"channel": arguments.get("channel") or arguments.get("users")})
    return {"channel": channel.to_slack()}


def list_groups(room: Room, arguments: Json) -> Json:
    groups = []
    for group in room.workspace.groups.values():
        users: Json = (
            {"users": list(group.users)}
            if str(arguments.get("include_users")).lower() in ("1", "true")
            else {}
        )
        groups.append(group.to_slack() | users)
    return {"usergroups": groups}


def list_group_users(room: Room, arguments: Json) -> Json:
    group = room.workspace.groups.get(str(arguments.get("usergroup")))
    if group is None:
        raise ApiError("no_such_subteam")
    return {"users": list(group.users)}


def _readable(room: Room, arguments: Json) -> Channel:
    """:raises ApiError: ``channel_not_found``, ``missing_scope`` for the kind of conversation, ``not_in_channel``."""
    channel = app_channel(room, arguments)
    _require_scope(
        room, {"channel": "channels:history", "im": "im:history", "mpim": "mpim:history"}[channel.kind]
    )
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _require_scope(room: Room, needed: str) -> None:
    """:raises ApiError: ``missing_scope``."""
    granted = room.workspace.settings.manifest.scopes
    if granted is not None and needed not in granted:
        raise ApiError("missing_scope", needed=needed, provided=",".join(granted))


def _told(message: Message, arguments: Json) -> Json:
    """Metadata is told only to who asks for it."""
    told = message.to_slack()
    if str(arguments.get("include_all_metadata")).lower() not in ("1", "true"):
        told.pop("metadata", None)
    return told


def _within(ts: str, arguments: Json) -> bool:
    oldest, latest = float(arguments.get("oldest") or 0), float(arguments.get("latest") or "inf")
    if str(arguments.get("inclusive")).lower() in ("1", "true"):
        return oldest <= float(ts) <= latest
    return oldest < float(ts) < latest


def _page(key: str, items: Sequence[Any], arguments: Json) -> Json:
    """One page of a list; the cursor is the offset of the next."""
    start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
    end = start + limit
    more = end < len(items)
    return {
        key: list(items[start:end]),
        "has_more": more,
        "response_metadata": {"next_cursor": str(end) if more else ""},
    }


LOOKUP_METHODS: dict[str, tuple[Callable[[Room, Json], Json], str]] = {
    "auth.test": (authentication, ""),
    "conversations.history": (conversation_history, ""),
    "conversations.info": (conversation_info, ""),
    "conversations.list": (list_conversations, "channels:read"),
    "conversations.members": (conversation_members, "channels:read"),
    "conversations.open": (open_conversation, "im:write"),
    "conversations.replies": (conversation_replies, ""),
    "usergroups.list": (list_groups, "usergroups:read"),
    "usergroups.users.list": (list_group_users, "usergroups:read"),
    "users.info": (user_info, "users:read"),
    "users.list": (list_users, "users:read"),
}
"""Method → what does it, and the scope that it needs; those that depend on the conversation's kind look at it themselves."""
