"""Slack's size and count limits for the blocks that the bot uses, from https://docs.slack.dev/reference/block-kit.

Lengths are counted in UTF-16 units, the strictest reading: Slack does not say which unit it means.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = ["faults", "view_faults"]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
VIEW_BYTES = 250_000
"""Of a whole view: https://docs.slack.dev/reference/methods/views.publish."""
UPDATE_TEXT = 4000
"""chat.update refuses a longer top-level text (``msg_too_long``)."""
ALL_TEXTS = 11_000
"""Of one message together; undocumented, lowest refusal reported in https://github.com/slackapi/bolt-js/issues/2867."""


def faults(text: str, blocks: Sequence[dict[str, Any]]) -> list[str]:
    """Everything that Slack would refuse, each with where it is."""
    found: list[str] = []
    if not text.strip():
        found.append("text: empty")
    if _size(text) > UPDATE_TEXT:
        found.append(f"text: {_size(text)} > {UPDATE_TEXT}")
    if len(blocks) > MESSAGE_BLOCKS:
        found.append(f"blocks: {len(blocks)} > {MESSAGE_BLOCKS}")
    total = sum(_size(part) for part in _texts(list(blocks)))
    if total > ALL_TEXTS:
        found.append(f"blocks: {total} characters together > {ALL_TEXTS}")
    return found + _blocks(blocks, {})


def view_faults(view: dict[str, Any]) -> list[str]:
    """Everything that Slack would refuse in a modal or home tab (https://docs.slack.dev/reference/views)."""
    blocks = view["blocks"]
    found = [] if len(blocks) <= VIEW_BLOCKS else [f"blocks: {len(blocks)} > {VIEW_BLOCKS}"]
    if len(json.dumps(view)) > VIEW_BYTES:
        found.append(f"view: {len(json.dumps(view))} > {VIEW_BYTES}")
    if view["type"] == "modal":
        found += _keys(
            view,
            "view",
            {"type", "title", "close", "blocks"},
            {"submit", "callback_id", "private_metadata"},
        )
        for key in ("title", "close", *(("submit",) if "submit" in view else ())):
            found += _text(view[key], f"view.{key}", 24, plain=True)
        if any(block["type"] == "input" for block in blocks) and "submit" not in view:
            found.append("view: inputs without submit")
        for key, most in (("callback_id", 255), ("private_metadata", 3000)):
            if _size(view.get(key, "")) > most:
                found.append(f"view.{key}: {_size(view[key])} > {most}")
    else:
        found += _keys(view, "view", {"type", "blocks"}, {"private_metadata"})
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(ids)) < len(ids):
        found.append(f"block ids are not unique: {ids}")
    return found + _blocks(blocks, {"input": _input})


def _blocks(blocks: Sequence[dict[str, Any]], more: dict[str, Check]) -> list[str]:
    found: list[str] = []
    for index, block in enumerate(blocks):
        check = {**_CHECKS, **more}.get(block["type"])
        found += [f"{index}: unknown block {block['type']}"] if check is None else check(block, f"{index}")
    return found


def _header(block: dict[str, Any], at: str) -> list[str]:
    return [*_keys(block, at, {"type", "text"}), *_text(block["text"], f"{at}.text", 150, plain=True)]


def _section(block: dict[str, Any], at: str) -> list[str]:
    found = _keys(block, at, {"type"}, {"text", "fields", "accessory"})
    if "accessory" in block:
        found += _button(block["accessory"], f"{at}.accessory")
    if "text" not in block and "fields" not in block:
        found.append(f"{at}: neither text nor fields")
    if "text" in block:
        found += _text(block["text"], f"{at}.text", 3000)
    if "fields" in block:
        found += _count(block["fields"], f"{at}.fields", 10)
        for index, field in enumerate(block["fields"]):
            found += _text(field, f"{at}.fields.{index}", 2000)
    return found


def _context(block: dict[str, Any], at: str) -> list[str]:
    found = [*_keys(block, at, {"type", "elements"}), *_count(block["elements"], at, 10)]
    for index, element in enumerate(block["elements"]):
        found += _text(element, f"{at}.{index}", 3000)
    return found


def _actions(block: dict[str, Any], at: str) -> list[str]:
    found = [*_keys(block, at, {"type", "elements"}), *_count(block["elements"], at, 25)]
    ids = [element["action_id"] for element in block["elements"]]
    if len(set(ids)) < len(ids):
        found.append(f"{at}: action ids are not unique: {ids}")
    if sum(element.get("style") == "primary" for element in block["elements"]) > 1:
        found.append(f"{at}: more than one primary button")
    for index, element in enumerate(block["elements"]):
        found += _button(element, f"{at}.{index}")
    return found


def _button(button: dict[str, Any], at: str) -> list[str]:
    found = _keys(
        button, at, {"type", "text", "action_id", "value", "accessibility_label"}, {"style", "confirm"}
    )
    found += _text(button["text"], f"{at}.text", 75, plain=True)
    for key, most in (("action_id", 255), ("value", 2000), ("accessibility_label", 75)):
        if not 0 < _size(button[key]) <= most:
            found.append(f"{at}.{key}: length {_size(button[key])}, not 1 to {most}")
    if button.get("style", "primary") not in ("primary", "danger"):
        found.append(f"{at}.style: {button['style']}")
    if "confirm" in button:
        confirm = button["confirm"]
        found += _keys(confirm, at, {"title", "text", "confirm", "deny"}, {"style"})
        for key, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            found += _text(confirm[key], f"{at}.confirm.{key}", most, plain=True)
    return found


def _divider(block: dict[str, Any], at: str) -> list[str]:
    return _keys(block, at, {"type"})


def _input(block: dict[str, Any], at: str) -> list[str]:
    found = _keys(
        block,
        at,
        {"type", "label", "element", "block_id"},
        {"hint", "optional", "dispatch_action"},
    )
    if _size(block["block_id"]) > 255:
        found.append(f"{at}.block_id: too long")
    found += _text(block["label"], f"{at}.label", 2000, plain=True)
    if "hint" in block:
        found += _text(block["hint"], f"{at}.hint", 2000, plain=True)
    element, at = block["element"], f"{at}.element"
    if "placeholder" in element:
        found += _text(element["placeholder"], f"{at}.placeholder", 150, plain=True)
    match element["type"]:
        case "plain_text_input":
            if not 0 <= element.get("min_length", 0) <= element["max_length"] <= 3000:
                found.append(f"{at}: lengths")
            if _size(element.get("initial_value", "")) > element["max_length"]:
                found.append(f"{at}.initial_value: too long")
        case "static_select" | "checkboxes":
            found += _choices(element, at)
        case "datetimepicker":
            found += _keys(element, at, {"type", "action_id"}, {"initial_date_time"})
        case other:
            found.append(f"{at}: unknown element {other}")
    return found


def _choices(element: dict[str, Any], at: str) -> list[str]:
    most = 100 if element["type"] == "static_select" else 10
    found = _count(element["options"], f"{at}.options", most)
    for index, option in enumerate(element["options"]):
        found += _keys(option, f"{at}.{index}", {"text", "value"})
        found += _text(option["text"], f"{at}.{index}.text", 75, plain=True)
        if not 0 < _size(option["value"]) <= 150:
            found.append(f"{at}.{index}.value: length {_size(option['value'])}, not 1 to 150")
    if "initial_option" in element and element["initial_option"] not in element["options"]:
        found.append(f"{at}.initial_option is none of the options")
    return found


def _text(value: dict[str, Any], at: str, most: int, *, plain: bool = False) -> list[str]:
    found = _keys(value, at, {"type", "text"}, {"emoji"} if value["type"] == "plain_text" else {"verbatim"})
    if value["type"] not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
        found.append(f"{at}: {value['type']} is not allowed here")
    if not value["text"].strip():
        found.append(f"{at}: empty")
    if _size(value["text"]) > most:
        found.append(f"{at}: {_size(value['text'])} > {most}")
    return found


def _keys(value: dict[str, Any], at: str, needed: set[str], allowed: set[str] | None = None) -> list[str]:
    wrong = (needed - set(value)) | (set(value) - needed - (allowed or set()))
    return [f"{at}: missing or unknown {sorted(wrong)}"] if wrong else []


def _count(values: list[Any], at: str, most: int) -> list[str]:
    return [] if 0 < len(values) <= most else [f"{at}: {len(values)} elements, not 1 to {most}"]


Check = Callable[[dict[str, Any], str], list[str]]
_CHECKS: dict[str, Check] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
}


def _size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from _texts(item)
