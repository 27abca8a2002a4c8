"""The parts of modals, each within Slack's limits whatever it is given (https://docs.slack.dev/reference/block-kit). Pure.

A field's name is the action id of its element, and the id of its block unless it is told otherwise: Slack keeps what was typed into
a block when a form is drawn again with the same ids, and forgets it with another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers.views.blocks import Block, plain_text
from handlers.views.text import clip

__all__ = ["Choice", "date_time", "field", "modal", "radio", "select", "text", "tick"]

TITLE = 24
LABEL = 150
HINT = 500
OPTION, OPTION_VALUE, OPTION_NOTE = 75, 150, 75
OPTIONS = 100
RADIOS = 10
"""Most radio buttons, and most check boxes."""
LONGEST_TEXT = 3000
METADATA = 3000


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    """What comes back; a choice whose value is longer than Slack takes is left out."""
    label: str
    note: str = ""
    """Shown below the label of a radio button or check box."""


def modal(
    title: str,
    blocks: Iterable[Block | None],
    *,
    callback: str = "",
    submit: str = "",
    close: str = "Cancel",
    metadata: str = "",
) -> Block:
    """A view for ``views.open``. ``metadata`` comes back with the submission; at most 3000 characters."""
    assert len(metadata) <= METADATA, "what a form remembers is made by the bot and short"
    view: Block = {
        "type": "modal",
        "title": plain_text(title, TITLE),
        "close": plain_text(close, TITLE),
        "blocks": [block for block in blocks if block is not None],
    }
    if submit:
        view |= {"submit": plain_text(submit, TITLE), "callback_id": callback, "private_metadata": metadata}
    return view


def field(
    name: str,
    label: str,
    element: Block,
    *,
    of: str = "",
    hint: str = "",
    optional: bool = False,
    dispatch: bool = False,
) -> Block:
    """An input with its label. ``of``: what the field belongs to; drawn for something else, it begins anew. ``dispatch``: the bot
    hears of every change.
    """
    block: Block = {
        "type": "input",
        "block_id": f"{name}.{of}" if of else name,
        "label": plain_text(label, LABEL),
        "element": {**element, "action_id": name},
        "optional": optional,
    }
    if hint:
        block["hint"] = plain_text(hint, HINT)
    if dispatch:
        block["dispatch_action"] = True
    return block


def text(
    initial: str = "",
    *,
    multiline: bool = False,
    placeholder: str = "",
    shortest: int = 0,
    longest: int = 500,
) -> Block:
    element: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": longest}
    if shortest:
        element["min_length"] = shortest
    if initial:
        element["initial_value"] = clip(initial, longest)
    if placeholder:
        element["placeholder"] = plain_text(placeholder, LABEL)
    return element


def select(choices: Sequence[Choice], initial: str | None = None, placeholder: str = "") -> Block:
    """A menu of at least one choice; those behind the hundredth are left out, never the initial one."""
    options = _options(choices, initial, OPTIONS, noted=False)
    element: Block = {"type": "static_select", "options": options, **_initial(options, initial)}
    if placeholder:
        element["placeholder"] = plain_text(placeholder, LABEL)
    return element


def radio(choices: Sequence[Choice], initial: str | None = None) -> Block:
    options = _options(choices, initial, RADIOS, noted=True)
    return {"type": "radio_buttons", "options": options, **_initial(options, initial)}


def tick(choice: Choice, *, on: bool) -> Block:
    """One check box."""
    options = _options([choice], None, RADIOS, noted=True)
    return {"type": "checkboxes", "options": options, **({"initial_options": options} if on else {})}


def date_time(initial: float | None = None) -> Block:
    """A moment, as the reader's own zone shows it; ``initial`` in epoch seconds."""
    element: Block = {"type": "datetimepicker"}
    if initial is not None:
        element["initial_date_time"] = int(initial)
    return element


def _options(choices: Sequence[Choice], initial: str | None, most: int, *, noted: bool) -> list[Block]:
    fitting = [choice for choice in choices if 0 < len(choice.value) <= OPTION_VALUE]
    shown = fitting[:most]
    chosen = next((choice for choice in fitting[most:] if choice.value == initial), None)
    if chosen is not None:
        shown[-1] = chosen
    return [_option(choice, noted=noted) for choice in shown]


def _option(choice: Choice, *, noted: bool) -> Block:
    option: Block = {"text": plain_text(choice.label, OPTION), "value": choice.value}
    if noted and choice.note:
        option["description"] = plain_text(choice.note, OPTION_NOTE)
    return option


def _initial(options: Sequence[Block], value: str | None) -> Block:
    chosen = next((option for option in options if option["value"] == value), None)
    return {} if chosen is None else {"initial_option": chosen}
