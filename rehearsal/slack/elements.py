"""Composition objects and block elements with the limits of https://docs.slack.dev/reference/block-kit."""

from __future__ import annotations

from typing import Any

from rehearsal.slack.schema import (
    Check,
    anything,
    array,
    boolean,
    fault,
    matching,
    number,
    one_of,
    record,
    string,
    typed,
)

__all__ = ["ACCESSORIES", "ACTION_ELEMENTS", "CONTEXT_ELEMENTS", "INPUT_ELEMENTS", "any_text", "plain_text"]


def plain_text(most: int) -> Check:
    return typed({"plain_text": _plain(most)})


def any_text(most: int) -> Check:
    return typed({"plain_text": _plain(most), "mrkdwn": _mrkdwn(most)})


def _plain(most: int) -> Check:
    return record({"type": anything, "text": string(most)}, {"emoji": boolean})


def _mrkdwn(most: int) -> Check:
    return record({"type": anything, "text": string(most)}, {"verbatim": boolean})


CONFIRM = record(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)

PLAIN_OPTION = record(
    {"text": plain_text(75), "value": string(150)}, {"description": plain_text(75), "url": string(3000)}
)
ANY_OPTION = record({"text": any_text(75), "value": string(150)}, {"description": any_text(75)})
OPTION_GROUP = record({"label": plain_text(75), "options": array(PLAIN_OPTION, 100)})

DATE = matching(r"\d{4}-\d{2}-\d{2}", "a date in the form YYYY-MM-DD")
TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time in the form HH:mm")

BASE: dict[str, Check] = {"action_id": string(255), "confirm": CONFIRM, "focus_on_load": boolean}
PLACEHOLDER: dict[str, Check] = {"placeholder": plain_text(150)}
WRITING: dict[str, Check] = {
    "action_id": string(255),
    "initial_value": string(3000, fewest=0),
    "dispatch_action_config": anything,
    "focus_on_load": boolean,
    **PLACEHOLDER,
}


def _element(required: dict[str, Check], optional: dict[str, Check]) -> Check:
    return record({"type": anything, **required}, optional)


def _choice(required: dict[str, Check], optional: dict[str, Check]) -> Check:
    """A select menu, which needs options or option groups."""
    shape = _element(
        required, {"options": array(PLAIN_OPTION, 100), "option_groups": array(OPTION_GROUP, 100)} | optional
    )

    def check(value: Any, pointer: str, faults: list[str]) -> None:
        shape(value, pointer, faults)
        if ("options" in value) == ("option_groups" in value):
            faults.append(fault("must provide exactly one of options and option_groups", pointer))

    return check


IMAGE = record(
    {"type": anything, "alt_text": string(2000)}, {"image_url": string(3000), "slack_file": anything}
)
BUTTON = _element(
    {"text": plain_text(75)},
    {
        "action_id": string(255),
        "url": string(3000),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)

SELECTS: dict[str, Check] = {
    "static_select": _choice({}, BASE | PLACEHOLDER | {"initial_option": PLAIN_OPTION}),
    "users_select": _element({}, BASE | PLACEHOLDER | {"initial_user": string(20)}),
    "channels_select": _element(
        {}, BASE | PLACEHOLDER | {"initial_channel": string(20), "response_url_enabled": boolean}
    ),
    "conversations_select": _element(
        {},
        BASE
        | PLACEHOLDER
        | {
            "initial_conversation": string(20),
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": anything,
        },
    ),
}
MULTI_SELECTS: dict[str, Check] = {
    "multi_static_select": _choice(
        {}, BASE | PLACEHOLDER | {"initial_options": array(PLAIN_OPTION, 100), "max_selected_items": number}
    ),
    "multi_users_select": _element(
        {}, BASE | PLACEHOLDER | {"initial_users": array(string(20), 100), "max_selected_items": number}
    ),
}
PICKERS: dict[str, Check] = {
    "datepicker": _element({}, BASE | PLACEHOLDER | {"initial_date": DATE}),
    "timepicker": _element({}, BASE | PLACEHOLDER | {"initial_time": TIME, "timezone": string(100)}),
    "datetimepicker": _element({}, BASE | {"initial_date_time": number}),
    "checkboxes": _element(
        {"options": array(ANY_OPTION, 10)}, BASE | {"initial_options": array(ANY_OPTION, 10)}
    ),
    "radio_buttons": _element({"options": array(ANY_OPTION, 10)}, BASE | {"initial_option": ANY_OPTION}),
}
WRITTEN: dict[str, Check] = {
    "plain_text_input": _element(
        {}, WRITING | {"multiline": boolean, "min_length": number, "max_length": number}
    ),
    "email_text_input": _element({}, WRITING),
    "url_text_input": _element({}, WRITING),
    "number_input": _element(
        {"is_decimal_allowed": boolean}, WRITING | {"min_value": anything, "max_value": anything}
    ),
}
OVERFLOW = _element({"options": array(PLAIN_OPTION, 5)}, {"action_id": string(255), "confirm": CONFIRM})

ACTION_ELEMENTS: dict[str, Check] = {
    "button": BUTTON,
    "overflow": OVERFLOW,
    **SELECTS,
    **MULTI_SELECTS,
    **PICKERS,
}
ACCESSORIES: dict[str, Check] = {**ACTION_ELEMENTS, "image": IMAGE}
INPUT_ELEMENTS: dict[str, Check] = {**SELECTS, **MULTI_SELECTS, **PICKERS, **WRITTEN}
CONTEXT_ELEMENTS: dict[str, Check] = {"image": IMAGE, "plain_text": _plain(3000), "mrkdwn": _mrkdwn(3000)}
