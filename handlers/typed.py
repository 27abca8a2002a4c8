"""What a person typed or chose, as they did."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["block_of", "field_of", "ticked", "unescaped"]


_TOKEN = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")


def unescaped(text: str) -> str:
    """As it was typed: Slack sends its three control characters escaped, names beside the ids of mentions, and what looks like an
    address as a link (https://docs.slack.dev/messaging/formatting-message-text).
    """
    text = _TOKEN.sub(_typed, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _typed(token: re.Match[str]) -> str:
    target, label = token["target"], token["label"]
    return f"<{target}>" if target.startswith(("@", "#", "!")) else label or target


def field_of(view: dict[str, Any], name: str) -> str:
    """The value of a form's field, of a time in epoch seconds; empty where it was left so or is not in the form. Forms are not escaped."""
    state = _state(view, name)
    chosen = state.get("selected_option") or {}
    return str(state.get("value") or chosen.get("value") or state.get("selected_date_time") or "").strip()


def ticked(view: dict[str, Any], name: str) -> bool:
    """Whether any box of the field is ticked."""
    return bool(_state(view, name).get("selected_options"))


def block_of(view: dict[str, Any], name: str) -> str | None:
    """The id of the block that a field is in, None where the form has no such field."""
    return next((block for block, fields in view["state"]["values"].items() if name in fields), None)


def _state(view: dict[str, Any], name: str) -> dict[str, Any]:
    state: dict[str, Any] = view["state"]["values"].get(block_of(view, name), {}).get(name, {})
    return state
