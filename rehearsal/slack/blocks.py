"""Validation and normalisation of blocks and views (https://docs.slack.dev/reference/block-kit/blocks)."""

from __future__ import annotations

import copy
import json
import secrets
from collections.abc import Iterator
from typing import Any

from rehearsal.slack.elements import (
    ACCESSORIES,
    ACTION_ELEMENTS,
    CONTEXT_ELEMENTS,
    INPUT_ELEMENTS,
    any_text,
    plain_text,
)
from rehearsal.slack.errors import ApiError, invalid_arguments, invalid_blocks
from rehearsal.slack.records import Json
from rehearsal.slack.schema import (
    Check,
    all_of,
    anything,
    array,
    boolean,
    fault,
    one_of,
    record,
    string,
    typed,
)

__all__ = ["find_element", "interactive_elements", "message_blocks", "view_definition"]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ALL_TEXTS = 12_000
"""Of one message together, above which ``msg_blocks_too_long``; undocumented, named by Slack in bolt-js issue 2509."""


def _section(value: Any, pointer: str, faults: list[str]) -> None:
    if value.get("text") is None and value.get("fields") is None:
        faults.append(fault("missing required field: text or fields", pointer))


def _image(value: Any, pointer: str, faults: list[str]) -> None:
    if (value.get("image_url") is None) == (value.get("slack_file") is None):
        faults.append(fault("must provide exactly one of image_url and slack_file", pointer))


def _unique_actions(value: Any, pointer: str, faults: list[str]) -> None:
    elements = value.get("elements")
    if not isinstance(elements, list):
        return
    seen: set[str] = set()
    for index, element in enumerate(elements):
        action = element.get("action_id") if isinstance(element, dict) else None
        if action in seen:
            faults.append(
                fault(f"`action_id` {action} already exists", f"{pointer}/elements/{index}/action_id")
            )
        seen.add(action or secrets.token_hex(4))


def _block(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return record({"type": anything, **required}, {"block_id": string(255), **(optional or {})})


RICH_TEXT_EXTRAS: dict[str, dict[str, Check]] = {
    "rich_text_section": {},
    "rich_text_preformatted": {"border": anything, "language": anything},
    "rich_text_quote": {"border": anything},
    "rich_text_list": {
        "style": one_of("bullet", "ordered"),
        "indent": anything,
        "offset": anything,
        "border": anything,
    },
}
RICH_TEXT_PARTS = typed(
    {
        kind: record({"type": anything, "elements": array(anything, 1000, fewest=0)}, extras)
        for kind, extras in RICH_TEXT_EXTRAS.items()
    }
)
RICH_TEXT = _block({"elements": array(RICH_TEXT_PARTS, 1000)})
TABLE_CELL = typed({"raw_text": record({"type": anything, "text": string(3000)}), "rich_text": RICH_TEXT})
COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})

EVERYWHERE: dict[str, Check] = {
    "header": _block({"text": plain_text(150)}),
    "section": all_of(
        _block(
            {},
            {
                "text": any_text(3000),
                "fields": array(any_text(2000), 10),
                "accessory": typed(ACCESSORIES),
                "expand": boolean,
            },
        ),
        _section,
    ),
    "context": _block({"elements": array(typed(CONTEXT_ELEMENTS), 10)}),
    "divider": _block({}),
    "actions": all_of(_block({"elements": array(typed(ACTION_ELEMENTS), 25)}), _unique_actions),
    "image": all_of(
        _block(
            {"alt_text": string(2000)},
            {"image_url": string(3000), "slack_file": anything, "title": plain_text(2000)},
        ),
        _image,
    ),
    "input": _block(
        {"label": plain_text(2000), "element": typed(INPUT_ELEMENTS)},
        {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
}
IN_MESSAGES: dict[str, Check] = {
    **EVERYWHERE,
    "table": _block(
        {"rows": array(array(TABLE_CELL, 20), 100)}, {"column_settings": array(COLUMN, 20, fewest=0)}
    ),
    "markdown": _block({"text": string(12_000)}),
}

VIEW = {
    "modal": record(
        {"type": anything, "title": plain_text(24), "blocks": array(typed(EVERYWHERE), VIEW_BLOCKS)},
        {
            "submit": plain_text(24),
            "close": plain_text(24),
            "callback_id": string(255, fewest=0),
            "private_metadata": string(3000, fewest=0),
            "external_id": string(255, fewest=0),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
        },
    ),
    "home": record(
        {"type": anything, "blocks": array(typed(EVERYWHERE), VIEW_BLOCKS, fewest=0)},
        {
            "callback_id": string(255, fewest=0),
            "private_metadata": string(3000, fewest=0),
            "external_id": string(255, fewest=0),
        },
    ),
}


def message_blocks(value: Any) -> list[Json]:
    """The blocks of a message, checked, with the ids and defaults that Slack fills in.

    :raises ApiError: ``invalid_blocks_format``, ``invalid_blocks`` or ``msg_blocks_too_long``.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ApiError("invalid_blocks_format") from None
    if not isinstance(value, list) or not all(isinstance(block, dict) for block in value):
        raise ApiError("invalid_blocks_format")
    faults: list[str] = []
    array(typed(IN_MESSAGES), MESSAGE_BLOCKS, fewest=0)(value, "/blocks", faults)
    _unique_blocks(value, "/blocks", faults)
    if sum(block.get("type") == "table" for block in value) > 1:
        faults.append(fault("only_one_table_allowed", "/blocks"))
    if faults:
        raise invalid_blocks(faults)
    if sum(len(text) for text in _texts(value)) > ALL_TEXTS:
        raise ApiError("msg_blocks_too_long")
    return _normalised(value)


def view_definition(value: Any, kind: str) -> Json:
    """A view as an app gives it, checked, with defaults filled in. ``kind``: modal or home.

    :raises ApiError: ``invalid_arguments``.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise invalid_arguments([fault("must be valid JSON", "/view")]) from None
    faults: list[str] = []
    typed({kind: VIEW[kind]})(value, "/view", faults)
    blocks = value.get("blocks") if isinstance(value, dict) else None
    if isinstance(blocks, list):
        _unique_blocks(blocks, "/view/blocks", faults)
        inputs = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if kind == "modal" and inputs and not value.get("submit"):
            faults.append(fault("missing required field: submit", "/view"))
    if faults:
        raise invalid_arguments(faults)
    definition: Json = copy.deepcopy(value)
    definition["blocks"] = _normalised(definition["blocks"])
    return definition


def interactive_elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) that a person can use."""
    for block in blocks:
        candidates = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for element in candidates:
            if element and "action_id" in element:
                yield block, element


def find_element(
    versions: list[list[Json]], action_id: str, block_id: str | None, value: Any
) -> tuple[Json, Json]:
    """The block and element with this action id in the first of the versions that has it.

    A value, where given, must be the button's.

    :raises ApiError: ``no_such_element``, this workspace's own word.
    """
    for blocks in versions:
        for block, element in interactive_elements(blocks):
            fits = element["action_id"] == action_id and block_id in (None, block["block_id"])
            if fits and (element["type"] != "button" or value in (None, element.get("value"))):
                return block, element
    raise ApiError("no_such_element", action_id=action_id)


def _unique_blocks(blocks: list[Any], pointer: str, faults: list[str]) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        id = block.get("block_id") if isinstance(block, dict) else None
        if id and id in seen:
            faults.append(fault(f"`block_id` {id} already exists", f"{pointer}/{index}/block_id"))
        seen.add(str(id))


def _normalised(blocks: list[Json]) -> list[Json]:
    blocks = copy.deepcopy(blocks)
    for block in blocks:
        block.setdefault("block_id", secrets.token_hex(3))
        for element in (*block.get("elements", ()), block.get("accessory"), block.get("element")):
            if element and (element["type"] in INPUT_ELEMENTS or element["type"] in ACTION_ELEMENTS):
                element.setdefault("action_id", secrets.token_hex(3))
    _fill_texts(blocks)
    return blocks


def _fill_texts(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _fill_texts(item)
    elif isinstance(value, dict):
        if value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        if value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
        for item in value.values():
            _fill_texts(item)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from _texts(item)
