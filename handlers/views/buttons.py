"""Buttons that name what they do, with a confirmation where it matters. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.content import Button, Confirm
from handlers.views.blocks import Block, plain_text
from handlers.views.text import clip, one_line

__all__ = ["ACTION_PREFIX", "actions"]

ACTION_PREFIX = "ci_upgrade."
"""Every button's action id is this and the action's name, with a number behind it where a message has several alike."""

BUTTONS = 5
"""Slack takes 25; more than a handful nobody can tell apart on a phone."""
LABEL = 75
VALUE = 2000
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_LABEL = 100, 300, 30


def actions(buttons: Sequence[Button]) -> Block | None:
    if not buttons:
        return None
    seen: Counter[str] = Counter()
    return {"type": "actions", "elements": [_button(button, seen) for button in buttons[:BUTTONS]]}


def _button(button: Button, seen: Counter[str]) -> Block:
    seen[button.action] += 1
    number = f".{seen[button.action]}" if seen[button.action] > 1 else ""
    element: Block = {
        "type": "button",
        "action_id": f"{ACTION_PREFIX}{button.action}{number}",
        "text": plain_text(button.label, LABEL),
        "value": clip(button.value, VALUE),
        "accessibility_label": clip(one_line(button.spoken or button.label), LABEL),
    }
    if button.style != "default":
        element["style"] = button.style
    if button.confirm is not None:
        element["confirm"] = _confirm(button.confirm, danger=button.style == "danger")
    return element


def _confirm(confirm: Confirm, *, danger: bool) -> Block:
    return {
        "title": plain_text(confirm.title, CONFIRM_TITLE),
        "text": plain_text(confirm.text, CONFIRM_TEXT),
        "confirm": plain_text(confirm.yes, CONFIRM_LABEL),
        "deny": plain_text(confirm.no, CONFIRM_LABEL),
        "style": "danger" if danger else "primary",
    }
