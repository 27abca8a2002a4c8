"""Forms for what is done to an upgrade with a reason: rolling back, holding, resuming, aborting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.commands import Actor, Commands, LiveUpgrade
from bot.content import Notice
from handlers.modals.opening import open_modal
from handlers.modals.origin import Origin
from handlers.typed import field_of
from handlers.views.blocks import Block
from handlers.views.forms import REASON, SUBJECT, outcome, reason_form
from handlers.views.inputs import Choice

__all__ = ["FORMS", "open_reason", "register"]


@dataclass(frozen=True, slots=True)
class _Form:
    title: str
    submit: str
    lines: Callable[[LiveUpgrade], tuple[str, ...]]
    act: Callable[[Commands, str, str, Actor], Notice]


FORMS = {
    "rollback": _Form(
        "Roll back",
        "Roll back",
        lambda upgrade: upgrade.on_rollback,
        lambda commands, upgrade, reason, actor: commands.rollback(upgrade, reason, actor),
    ),
    "hold": _Form(
        "Hold the upgrade",
        "Hold",
        lambda upgrade: upgrade.on_hold,
        lambda commands, upgrade, reason, actor: commands.hold(upgrade, reason, actor),
    ),
    "resume": _Form(
        "Resume the upgrade",
        "Resume",
        lambda upgrade: upgrade.on_resume,
        lambda commands, upgrade, reason, actor: commands.resume(upgrade, reason, actor),
    ),
    "abort": _Form(
        "Abort the upgrade",
        "Abort",
        lambda upgrade: upgrade.on_abort,
        lambda commands, upgrade, reason, actor: commands.abort(upgrade, reason, actor),
    ),
}


def open_reason(
    client: WebClient,
    trigger_id: str,
    commands: Commands,
    name: str,
    actor: Actor,
    origin: Origin,
    upgrade: str | None = None,
) -> None:
    """One of ``FORMS``: for that upgrade, that of the actor's thread, or a choice of those that live.

    :raises TooLate: when Slack does not open it any more.
    """
    form = FORMS[name]

    def fill() -> Block:
        live = commands.live_upgrades(actor)
        return _drawn(name, tuple(each for each in live if upgrade in (None, each.id)), origin)

    open_modal(client, trigger_id, form.title, fill)


def register(app: App, commands: Commands) -> None:
    for name in FORMS:
        app.view(f"ci_upgrade.{name}")(_taking(name, commands))


def _taking(name: str, commands: Commands) -> Callable[..., None]:
    form = FORMS[name]

    def take(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        ack()
        origin, asked = Origin.recall(view)
        actor = origin.person(body)
        upgrade = field_of(view, SUBJECT) or asked["upgrade"]
        reason = field_of(view, REASON)
        origin.tell(client, actor, lambda: form.act(commands, upgrade, reason, actor))

    return take


def _drawn(name: str, upgrades: tuple[LiveUpgrade, ...], origin: Origin) -> Block:
    form = FORMS[name]
    if not upgrades:
        return outcome(form.title, Notice("No upgrade is running, so there is nothing to do."))
    first, several = upgrades[0], len(upgrades) > 1
    lines = tuple(f"{each.title}: {' '.join(form.lines(each))}" for each in upgrades)
    if not several:
        lines = (f"{first.title} ({first.id})", *form.lines(first))
    return reason_form(
        form.title,
        lines,
        callback=f"ci_upgrade.{name}",
        submit=form.submit,
        metadata=origin.remember(upgrade=first.id),
        subjects=[Choice(each.id, each.title) for each in upgrades] if several else (),
        required=False,
    )
