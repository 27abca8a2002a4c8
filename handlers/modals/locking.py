"""Forms that lock a controller against new upgrades, and unlock it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.commands import Commands
from bot.content import Notice
from handlers.modals.opening import open_modal
from handlers.modals.origin import Origin
from handlers.typed import field_of
from handlers.views.blocks import Block
from handlers.views.forms import REASON, SUBJECT, outcome, reason_form
from handlers.views.inputs import Choice

__all__ = ["LOCKING", "open_locking", "register"]

LOCKING = {"lock": "Lock a controller", "unlock": "Unlock a controller"}
"""Name → title."""
_LINES = {
    "lock": "No upgrade of {what} starts until somebody unlocks it. One that is under way goes on, and can be held or rolled back.",
    "unlock": "Upgrades of {what} may start again.",
}


def open_locking(
    client: WebClient,
    trigger_id: str,
    commands: Commands,
    name: str,
    origin: Origin,
    controller: str | None = None,
) -> None:
    """The form ``lock`` or ``unlock``: for that controller, or a choice of those that can be.

    :raises TooLate: when Slack does not open it any more.
    """
    title = LOCKING[name]

    def fill() -> Block:
        locks = commands.locks()
        able = [each for each, why in locks.items() if bool(why) == (name == "unlock")]
        if not able or (controller is not None and controller not in able):
            return outcome(title, Notice(f"Nothing can be {name}ed: it is so already."))
        wanted = [controller] if controller is not None else able
        what = wanted[0] if len(wanted) == 1 else "a controller"
        reasons = (f"{each} is locked: {locks[each]}" for each in wanted if locks[each])
        return reason_form(
            title,
            (_LINES[name].format(what=what), *reasons),
            callback=f"ci_upgrade.{name}",
            submit=name.capitalize(),
            metadata=origin.remember(controller=wanted[0]),
            subject="Controller",
            subjects=[Choice(each, each) for each in wanted] if len(wanted) > 1 else (),
            required=name == "lock",
        )

    open_modal(client, trigger_id, title, fill)


def register(app: App, commands: Commands) -> None:
    for name in LOCKING:
        app.view(f"ci_upgrade.{name}")(_taking(name, commands))


def _taking(name: str, commands: Commands) -> Callable[..., None]:
    act = {"lock": commands.lock, "unlock": commands.unlock}[name]

    def take(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        ack()
        origin, asked = Origin.recall(view)
        actor = origin.person(body)
        controller = field_of(view, SUBJECT) or asked["controller"]
        reason = field_of(view, REASON)
        origin.tell(client, actor, lambda: act(controller, reason, actor))

    return take
