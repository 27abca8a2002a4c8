"""Web API methods about messages: ``chat.*`` and ``reactions.*``. Each takes the room and the arguments and returns the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.slack.blocks import message_blocks
from rehearsal.slack.errors import ApiError
from rehearsal.slack.records import BOT_USER, Channel, Json, Message
from rehearsal.slack.room import Room

__all__ = ["CHAT_METHODS", "app_channel", "content_of", "resolve_channel", "writable_channel"]

LONGEST_POST = 40_000
LONGEST_UPDATE = 4_000


def post_message(room: Room, arguments: Json) -> Json:
    channel = writable_channel(room, arguments)
    text, blocks = content_of(arguments, LONGEST_POST)
    thread_ts = arguments.get("thread_ts")
    if thread_ts and thread_ts not in room.workspace.messages[channel.id]:
        raise ApiError("cannot_reply_to_message")
    message = room.workspace.post(
        channel.id, BOT_USER, text, blocks, thread_ts=thread_ts, metadata=arguments.get("metadata")
    )
    room.journal.messages += 1
    return {"channel": channel.id, "ts": message.ts, "message": message.to_slack()}


def post_ephemeral(room: Room, arguments: Json) -> Json:
    channel = writable_channel(room, arguments)
    user = arguments.get("user")
    if user not in room.workspace.users:
        raise ApiError("user_not_found")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    text, blocks = content_of(arguments, LONGEST_POST)
    message = room.workspace.post(
        channel.id, BOT_USER, text, blocks, thread_ts=arguments.get("thread_ts"), visible_to=user
    )
    room.journal.messages += 1
    return {"message_ts": message.ts}


def update(room: Room, arguments: Json) -> Json:
    channel = app_channel(room, arguments)
    message = _public(room, channel, arguments)
    if message.user != BOT_USER:
        raise ApiError("cant_update_message")
    if channel.archived:
        raise ApiError("is_inactive")
    text, blocks = content_of(arguments, LONGEST_UPDATE)
    # Blocks are kept only where neither text nor blocks are given (docs of chat.update).
    keeps = arguments.get("blocks") is None and not arguments.get("text")
    room.workspace.edit(message, text or message.text, message.blocks if keeps else blocks)
    room.journal.updates += 1
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.to_slack()}


def delete(room: Room, arguments: Json) -> Json:
    channel = app_channel(room, arguments)
    message = _public(room, channel, arguments)
    if message.user != BOT_USER:
        raise ApiError("cant_delete_message")
    room.workspace.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(room: Room, arguments: Json) -> Json:
    channel = app_channel(room, arguments)
    message = _public(room, channel, arguments | {"ts": arguments.get("message_ts")})
    return {"channel": channel.id, "permalink": f"{room.workspace.address}/#{channel.id}/{message.ts}"}


def add_reaction(room: Room, arguments: Json) -> Json:
    channel = app_channel(room, arguments)
    message = _public(room, channel, arguments | {"ts": arguments.get("timestamp")})
    name = str(arguments.get("name") or "").strip(":")
    if not name:
        raise ApiError("invalid_name")
    room.workspace.react(message, name, BOT_USER)
    return {}


def resolve_channel(room: Room, arguments: Json) -> Channel:
    """The channel that the arguments name; a person's id stands for the conversation with them.

    :raises ApiError: ``channel_not_found``.
    """
    id = str(arguments.get("channel") or "")
    for channel in room.workspace.channels.values():
        if id in (channel.id, channel.direct_with):
            return channel
    raise ApiError("channel_not_found")


def app_channel(room: Room, arguments: Json) -> Channel:
    """As :func:`resolve_channel`, for the app: a direct message between people is not there for it.

    :raises ApiError: ``channel_not_found``.
    """
    channel = resolve_channel(room, arguments)
    if channel.kind == "im" and BOT_USER not in channel.members:
        raise ApiError("channel_not_found")
    return channel


def content_of(arguments: Json, longest: int) -> tuple[str, list[Json]]:
    """Text and blocks.

    :raises ApiError: ``no_text``, ``msg_too_long`` and what :func:`message_blocks` raises.
    """
    text: Any = arguments.get("text") or ""
    blocks = message_blocks(arguments["blocks"]) if arguments.get("blocks") else []
    if not str(text).strip() and not blocks:
        raise ApiError("no_text")
    if len(text) > longest:
        raise ApiError("msg_too_long")
    return str(text), blocks


def writable_channel(room: Room, arguments: Json) -> Channel:
    """A channel that the app may post to.

    :raises ApiError: ``channel_not_found``, ``is_archived``, ``not_in_channel``.
    """
    channel = app_channel(room, arguments)
    if channel.archived:
        raise ApiError("is_archived")
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _public(room: Room, channel: Channel, arguments: Json) -> Message:
    """Ephemeral messages cannot be named through the Web API."""
    message = room.workspace.find(channel.id, str(arguments.get("ts")))
    if message.visible_to:
        raise ApiError("message_not_found")
    return message


CHAT_METHODS: dict[str, tuple[Callable[[Room, Json], Json], str]] = {
    "chat.delete": (delete, "chat:write"),
    "chat.getPermalink": (get_permalink, ""),
    "chat.postEphemeral": (post_ephemeral, "chat:write"),
    "chat.postMessage": (post_message, "chat:write"),
    "chat.update": (update, "chat:write"),
    "reactions.add": (add_reaction, "reactions:write"),
}
"""Method → what does it, and the scope that it needs."""
