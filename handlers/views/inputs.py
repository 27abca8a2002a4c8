"""The parts of modals, each within Slack's limits whatever it is given (https://docs.slack.dev/reference/block-kit). Pure.

A field's name is the action id of its element, and the id of its block unless it is told otherwise: Slack keeps what was typed into
a block when a form is drawn again with the same ids, and forgets it with another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers.views.blocks import Block, plain_text
from handlers.views.text import clip

__all__ = ["Choice", "field", "modal", "select", "text", "tick", "time"]

TITLE = 24
LABEL = 150
HINT = 500
OPTION, OPTION_VALUE = 75, 150
OPTIONS = 100
METADATA = 3000


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    """What comes back; a choice whose value is longer than Slack takes is left out."""
    label: str


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
    longest: int = 500,
) -> Block:
    element: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": longest}
    if initial:
        element["initial_value"] = clip(initial, longest)
    if placeholder:
        element["placeholder"] = plain_text(placeholder, LABEL)
    return element


def select(choices: Sequence[Choice], initial: str) -> Block:
    """A menu of at least one choice; those behind the hundredth are left out, never the initial one."""
    fitting = [choice for choice in choices if 0 < len(choice.value) <= OPTION_VALUE]
    shown = fitting[:OPTIONS]
    chosen = next((choice for choice in fitting[OPTIONS:] if choice.value == initial), None)
    if chosen is not None:
        shown[-1] = chosen
    options = [_option(choice) for choice in shown]
    preset = next((option for option in options if option["value"] == initial), None)
    return {"type": "static_select", "options": options, **({"initial_option": preset} if preset else {})}


def tick(choice: Choice, *, on: bool) -> Block:
    """One check box."""
    options = [_option(choice)]
    return {"type": "checkboxes", "options": options, **({"initial_options": options} if on else {})}


def time() -> Block:
    """A day and a time of the day, chosen in the person's own zone and sent as epoch seconds."""
    return {"type": "datetimepicker"}


def _option(choice: Choice) -> Block:
    return {"text": plain_text(choice.label, OPTION), "value": choice.value}
