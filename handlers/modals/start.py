"""The start form: opened by ``start`` without arguments or from the home tab, checked in place, sent once."""

from __future__ import annotations

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.commands import Commands, StartRequest
from bot.errors import Refused
from bot.traffic_plan import parse_traffic_plan
from handlers.modals.opening import open_modal, redraw
from handlers.modals.origin import Origin
from handlers.typed import block_of, field_of, ticked
from handlers.views.blocks import Block
from handlers.views.start_form import (
    AT,
    CALLBACK,
    CONTROLLER,
    DRY_RUN,
    NOW,
    OTHER,
    PLUGINS,
    REASON,
    TITLE,
    TRAFFIC,
    VERSION,
    WINDOW,
    start_form,
)
from handlers.views.text import unmarked

__all__ = ["open_start", "register"]


def open_start(
    client: WebClient,
    trigger_id: str,
    commands: Commands,
    origin: Origin,
    controller: str | None = None,
    *,
    only_look: bool = False,
) -> None:
    """The upgrade speaks where the form was asked for, unless the configuration says otherwise.

    :raises TooLate: when Slack does not open it any more.
    """

    def fill() -> Block:
        return start_form(commands.start_choices(controller), origin.remember(), only_look=only_look)

    open_modal(client, trigger_id, TITLE, fill)


def register(app: App, commands: Commands) -> None:
    def choose(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        """Another controller has other versions and another plan."""
        ack()
        view = body["view"]
        choices = commands.start_choices(field_of(view, CONTROLLER))
        redraw(client, view["id"], start_form(choices, view["private_metadata"]))

    def submit(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        request, errors = _read(view)
        for name, error in commands.start_faults(request).items():
            errors.setdefault(_block(view, name), unmarked(error))
        if errors:
            ack(response_action="errors", errors=errors)
            return
        ack()
        origin, _ = Origin.recall(view)
        actor = origin.person(body)
        origin.tell(client, actor, lambda: commands.start(request, actor).notice)

    app.action(CONTROLLER)(choose)
    app.view(CALLBACK)(submit)


def _read(view: dict[str, Any]) -> tuple[StartRequest, dict[str, str]]:
    """What was asked, and by block what cannot be read."""
    errors: dict[str, str] = {}
    traffic: tuple[int | str, ...] | None = None
    try:
        traffic = parse_traffic_plan(field_of(view, TRAFFIC))
    except Refused as refusal:
        errors[_block(view, TRAFFIC)] = str(refusal)
    window, at = field_of(view, WINDOW), field_of(view, AT)
    request = StartRequest(
        controller=field_of(view, CONTROLLER),
        version=field_of(view, OTHER) or field_of(view, VERSION),
        traffic=traffic,
        reason=field_of(view, REASON),
        dry_run=ticked(view, DRY_RUN),
        at=float(at) if at else None,
        window="" if window == NOW else window,
        plugins=field_of(view, PLUGINS),
    )
    return request, errors


def _block(view: dict[str, Any], name: str) -> str:
    """The block that shows an error of a request's field: a version may have been typed beside the menu."""
    if name == VERSION and (field_of(view, OTHER) or block_of(view, VERSION) is None):
        name = OTHER
    return block_of(view, name) or CONTROLLER
