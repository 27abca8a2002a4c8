"""What Slack sends to an app, and Slack's signature on it (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload)."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

from slack_bolt import BoltRequest

__all__ = [
    "SIGNING_SECRET",
    "click",
    "click_in_view",
    "event",
    "form",
    "request",
    "shortcut",
    "signed",
    "slash",
    "submission",
]

SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def slash(text: str, response_url: str) -> dict[str, str]:
    return {
        "token": "retired",
        "team_id": "T1",
        "team_domain": "example",
        "channel_id": "C1",
        "channel_name": "ci-ops",
        "user_id": "U0ANN",
        "user_name": "ann",
        "command": "/ci-upgrade",
        "text": text,
        "api_app_id": "A1",
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": "1.2.3",
    }


def click(
    action_id: str, value: str, response_url: str, *, thread_ts: str | None = None, confirmed: bool = False
) -> dict[str, Any]:
    """A click on a button of a message; ``confirmed`` as from one with a confirm dialog."""
    action: dict[str, Any] = {
        "type": "button",
        "action_id": action_id,
        "block_id": "b1",
        "text": {"type": "plain_text", "text": "Roll back", "emoji": True},
        "value": value,
        "action_ts": "1764000001.000001",
    }
    if confirmed:
        action["confirm"] = {
            "title": {"type": "plain_text", "text": "Roll back main?"},
            "text": {"type": "plain_text", "text": "All users go back."},
            "confirm": {"type": "plain_text", "text": "Roll back"},
            "deny": {"type": "plain_text", "text": "Keep going"},
        }
    container = {
        "type": "message",
        "message_ts": "1764000000.000002",
        "channel_id": "C1",
        "is_ephemeral": False,
    }
    return {
        "type": "block_actions",
        "user": {"id": "U0ANN", "username": "ann", "name": "ann", "team_id": "T1"},
        "api_app_id": "A1",
        "token": "retired",
        "container": container | ({"thread_ts": thread_ts} if thread_ts else {}),
        "trigger_id": "1.2.3",
        "team": {"id": "T1", "domain": "example"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": "C1", "name": "ci-ops"},
        "message": {"type": "message", "ts": "1764000000.000002", "text": "old", "blocks": []},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [action],
    }


def _person() -> dict[str, Any]:
    return {
        "user": {"id": "U0ANN", "username": "ann", "name": "ann", "team_id": "T1"},
        "api_app_id": "A1",
        "token": "retired",
        "trigger_id": "1.2.3",
        "team": {"id": "T1", "domain": "example"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def shortcut(callback_id: str, response_url: str, *, thread_ts: str | None = None) -> dict[str, Any]:
    """A message shortcut (https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload)."""
    message = {"type": "message", "user": "U0BOT", "ts": "1764000000.000009", "text": "Backup done"}
    return _person() | {
        "type": "message_action",
        "callback_id": callback_id,
        "action_ts": "1764000001.000001",
        "message_ts": message["ts"],
        "channel": {"id": "C1", "name": "ci-ops"},
        "message": message | ({"thread_ts": thread_ts} if thread_ts else {}),
        "response_url": response_url,
    }


def submission(view: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A submitted form (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload). ``values``: field → state."""
    return _person() | {"type": "view_submission", "view": _in_use(view, values), "response_urls": []}


def click_in_view(
    view: dict[str, Any], action_id: str, value: str, values: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A button of a home tab, or a menu of a form; neither has a channel or a response URL."""
    return _person() | {
        "type": "block_actions",
        "container": {"type": "view", "view_id": "V1"},
        "view": _in_use(view, values or {}),
        "actions": [{"type": "button", "action_id": action_id, "block_id": "b1", "value": value}],
    }


def _in_use(view: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A view as Slack sends it back, every field with a state of its own."""
    state: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            name = block["element"]["action_id"]
            state[block["block_id"]] = {
                name: values.get(name, {"type": block["element"]["type"], "value": None})
            }
    return {"id": "V1", "hash": "1.a", "private_metadata": "", **view, "state": {"values": state}}


def event(body: dict[str, Any], id: str = "Ev1") -> dict[str, Any]:
    """An event in its envelope (https://docs.slack.dev/apis/events-api)."""
    return {
        "token": "retired",
        "team_id": "T1",
        "api_app_id": "A1",
        "event": body,
        "type": "event_callback",
        "event_id": id,
        "event_time": 1764000000,
        "authorizations": [{"team_id": "T1", "user_id": "U0BOT", "is_bot": True}],
    }


def form(payload: dict[str, Any]) -> str:
    """The body of the HTTP request."""
    return urlencode(payload if "command" in payload else {"payload": json.dumps(payload)})


def signed(body: str, secret: str = SIGNING_SECRET, at: float | None = None) -> dict[str, str]:
    """Headers of the HTTP request (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }


def request(payload: dict[str, Any]) -> BoltRequest:
    """Events come as JSON, everything else as a form."""
    if payload.get("type") == "event_callback":
        body = json.dumps(payload)
        return BoltRequest(body=body, headers={**signed(body), "Content-Type": "application/json"})
    body = form(payload)
    return BoltRequest(body=body, headers=dict(signed(body)))
