"""Slack's size and count limits for the blocks that the bot uses, from https://docs.slack.dev/reference/block-kit.

Lengths are counted in UTF-16 units, the strictest reading: Slack does not say which unit it means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["faults"]

MESSAGE_BLOCKS = 50
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
    for index, block in enumerate(blocks):
        check = {"header": _header, "section": _section, "context": _context, "actions": _actions}.get(
            block["type"]
        )
        found += [f"{index}: unknown block {block['type']}"] if check is None else check(block, f"{index}")
    return found


def _header(block: dict[str, Any], at: str) -> list[str]:
    return [*_keys(block, at, {"type", "text"}), *_text(block["text"], f"{at}.text", 150, plain=True)]


def _section(block: dict[str, Any], at: str) -> list[str]:
    found = _keys(block, at, {"type"}, {"text", "fields"})
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
