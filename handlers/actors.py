"""Who does something in Slack, and where, from each kind of payload (https://docs.slack.dev/reference/interaction-payloads)."""

from __future__ import annotations

from typing import Any

from bot.commands import Actor

__all__ = ["actor_of_command", "actor_of_event", "actor_of_interaction", "actor_of_shortcut", "name_of"]


def actor_of_command(command: dict[str, Any]) -> Actor:
    return Actor(command["user_id"], command.get("user_name") or command["user_id"], command["channel_id"])


def actor_of_interaction(body: dict[str, Any], channel: str = "") -> Actor:
    """Of a click or a submitted form. ``channel`` stands where the payload names none, as for forms and home tabs."""
    where = (
        (body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id") or channel
    )
    return Actor(body["user"]["id"], name_of(body["user"]), where)


def actor_of_shortcut(body: dict[str, Any]) -> Actor:
    """In the thread of the message it was used on, or the one that this message began."""
    message = body["message"]
    thread = message.get("thread_ts") or message.get("ts") or body["message_ts"]
    return Actor(body["user"]["id"], name_of(body["user"]), body["channel"]["id"], thread)


def actor_of_event(event: dict[str, Any]) -> Actor:
    """Events carry no names; a mention shows one."""
    thread, written = event.get("thread_ts"), float(event["ts"])
    return Actor(event["user"], f"<@{event['user']}>", event["channel"], thread, written)


def name_of(user: dict[str, Any]) -> str:
    """Of the user in a payload, who has an id at least."""
    return str(user.get("username") or user.get("name") or user["id"])
