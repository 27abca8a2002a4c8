"""What a person put into the inputs of a view or message, in the shapes that Slack sends to the app.

A *value* is the plain form that the page and test drivers use: text, an option's value, a list of option values, an id
or a date; None for empty. A *state* is Slack's: ``{"type": "static_select", "selected_option": {…}}``.
"""

from __future__ import annotations

from typing import Any

from rehearsal.slack.blocks import interactive_elements
from rehearsal.slack.errors import ApiError
from rehearsal.slack.records import Json

__all__ = ["action", "faults_seen_by_client", "view_values"]

SCALAR_KEYS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_users_select": "selected_users",
}
ONE_OPTION = ("static_select", "radio_buttons", "overflow")
MANY_OPTIONS = ("multi_static_select", "checkboxes")
INITIAL_KEYS = {
    "plain_text_input": "initial_value",
    "email_text_input": "initial_value",
    "url_text_input": "initial_value",
    "number_input": "initial_value",
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
    "users_select": "initial_user",
    "channels_select": "initial_channel",
    "conversations_select": "initial_conversation",
    "multi_users_select": "initial_users",
}


def view_values(blocks: list[Json], given: Json) -> Json:
    """The state of every input: block id → action id → state. ``given`` holds plain values in the same nesting.

    Inputs that are not in ``given`` have their initial value, as when the person leaves them alone.

    :raises ApiError: ``no_such_option`` where a value is not among the options.
    """
    values: Json = {}
    for block, element in interactive_elements(blocks):
        if element["type"] in ("button", "overflow"):
            continue
        own = given.get(block["block_id"], {})
        action_id = element["action_id"]
        value = own[action_id] if action_id in own else _initial(element)
        values.setdefault(block["block_id"], {})[action_id] = _state(element, value)
    return values


def action(block: Json, element: Json, value: Any, ts: str) -> Json:
    """One entry of ``actions`` in a ``block_actions`` payload.

    :raises ApiError: ``no_such_option``.
    """
    entry: Json = {"action_id": element["action_id"], "block_id": block["block_id"], "action_ts": ts}
    if element["type"] != "button":
        return _state(element, value) | entry
    keys = ("text", "value", "style", "url", "type")
    return {key: element[key] for key in keys if key in element} | entry


def faults_seen_by_client(blocks: list[Json], values: Json) -> Json:
    """Block id → what the client itself says under the input, before it sends anything to the app."""
    faults = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = values[block["block_id"]][element["action_id"]]
        content = next((part for key, part in state.items() if key != "type"), None)
        if not content and content != 0:
            if not block.get("optional"):
                faults[block["block_id"]] = "Please complete this required field."
        elif isinstance(content, str) and len(content) > element.get("max_length", 3000):
            faults[block["block_id"]] = f"Please enter at most {element.get('max_length', 3000)} characters."
        elif isinstance(content, str) and len(content) < element.get("min_length", 0):
            faults[block["block_id"]] = f"Please enter at least {element['min_length']} characters."
    return faults


def _state(element: Json, value: Any) -> Json:
    kind = element["type"]
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": _option(element, value) if value else None}
    if kind in MANY_OPTIONS:
        return {"type": kind, "selected_options": [_option(element, each) for each in value or ()]}
    if kind == "multi_users_select":
        return {"type": kind, "selected_users": list(value or ())}
    return {"type": kind, SCALAR_KEYS[kind]: value or None}


def _initial(element: Json) -> Any:
    kind = element["type"]
    if kind in ONE_OPTION:
        option = element.get("initial_option")
        return option["value"] if option else None
    if kind in MANY_OPTIONS:
        return [option["value"] for option in element.get("initial_options", ())]
    return element.get(INITIAL_KEYS[kind])


def _option(element: Json, value: str) -> Json:
    groups = element.get("option_groups", ())
    options = element.get("options") or [option for group in groups for option in group["options"]]
    for option in options:
        if option["value"] == value:
            chosen: Json = option
            return chosen
    raise ApiError("no_such_option", action_id=element["action_id"], value=value)
