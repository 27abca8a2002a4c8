"""The payloads that Slack sends to an app (https://docs.slack.dev/reference/interaction-payloads, …/events)."""

from __future__ import annotations

from typing import Any

from rehearsal.slack.inputs import action, view_values
from rehearsal.slack.records import APP_ID, BOT_USER, TEAM, TEAM_DOMAIN, Channel, Json, Message, View
from rehearsal.slack.room import Room

__all__ = [
    "click_in_message",
    "click_in_view",
    "event",
    "shortcut",
    "slash_command",
    "view_closed",
    "view_submission",
]

TOKEN = "verification-token"
"""Slack still sends this retired field; nobody should check it."""


def slash_command(room: Room, user: str, channel: Channel, command: str, text: str) -> Json:
    """Flat and of strings only, as in a form."""
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": user,
        "user_name": room.workspace.users[user].name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": _response_url(room, channel, user),
        "trigger_id": room.tickets.new_trigger(user),
    }


def click_in_message(
    room: Room, user: str, message: Message, block: Json, element: Json, value: Any, values: Json
) -> Json:
    channel = room.workspace.channels[message.channel]
    ephemeral = message.visible_to is not None
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = _interaction(room, "block_actions", user) | {
        "container": container,
        "channel": {"id": channel.id, "name": channel.name},
        "state": {"values": _with(view_values(message.blocks, values), block, element, value)},
        "response_url": _response_url(room, channel, user, message.ts),
        "actions": [action(block, element, value, room.workspace.new_ts())],
    }
    # Slack tells nothing of an ephemeral message but its name.
    return payload if ephemeral else payload | {"message": message.to_slack()}


def click_in_view(
    room: Room, user: str, view: View, block: Json, element: Json, value: Any, values: Json
) -> Json:
    state = _with(view_values(view.definition["blocks"], values), block, element, value)
    return _interaction(room, "block_actions", user) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view.to_slack(state),
        "actions": [action(block, element, value, room.workspace.new_ts())],
    }


def view_submission(room: Room, view: View, values: Json) -> Json:
    """``values`` is the state of the inputs."""
    return _interaction(room, "view_submission", view.user) | {
        "view": view.to_slack(values),
        "response_urls": [],
    }


def view_closed(room: Room, view: View, is_cleared: bool) -> Json:
    return _interaction(room, "view_closed", view.user) | {"view": view.to_slack(), "is_cleared": is_cleared}


def shortcut(room: Room, user: str, callback_id: str, message: Message | None) -> Json:
    """A message shortcut, or a global one without a message."""
    when = room.workspace.new_ts()
    if message is None:
        return _interaction(room, "shortcut", user) | {"callback_id": callback_id, "action_ts": when}
    channel = room.workspace.channels[message.channel]
    return _interaction(room, "message_action", user) | {
        "callback_id": callback_id,
        "action_ts": when,
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": channel.name},
        "message": message.to_slack(),
        "response_url": _response_url(room, channel, user, message.ts),
    }


def event(room: Room, body: Json) -> Json:
    """The outer event around ``body``."""
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "api_app_id": APP_ID,
        "event": body,
        "type": "event_callback",
        "event_id": room.workspace.new_id("Ev"),
        "event_time": int(room.workspace.clock()),
        "is_ext_shared_channel": False,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
    }


def _interaction(room: Room, kind: str, user: str) -> Json:
    name = room.workspace.users[user].name
    return {
        "type": kind,
        "token": TOKEN,
        "api_app_id": APP_ID,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "user": {"id": user, "username": name, "name": name, "team_id": TEAM},
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": room.tickets.new_trigger(user),
    }


def _with(values: Json, block: Json, element: Json, value: Any) -> Json:
    """The state just chosen, where the element is an input."""
    if element["type"] not in ("button", "overflow"):
        chosen = view_values([block], {block["block_id"]: {element["action_id"]: value}})
        values.setdefault(block["block_id"], {}).update(chosen[block["block_id"]])
    return values


def _response_url(room: Room, channel: Channel, user: str, ts: str | None = None) -> str:
    return f"{room.workspace.address}/respond/{room.tickets.new_response(channel.id, user, ts)}"
