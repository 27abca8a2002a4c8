"""Forms for what is done to an upgrade with a reason: rolling back, holding, resuming, aborting, and approving against verdict or rules."""

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

__all__ = ["FORMS", "INSISTENCES", "open_insistence", "open_reason", "register"]

SHORTEST_REASON = 10
"""Characters of a reason to go on against the verdict or the rules: a word is none."""


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


@dataclass(frozen=True, slots=True)
class _Insistence:
    """Approving all the same."""

    title: str
    submit: str
    lines: tuple[str, ...]
    act: Callable[[Commands, str, str, Actor], Notice]


SEEN_BY_ALL = "Your name and your reason stand on the card and in the journal, for everybody to see."
INSISTENCES = {
    "override": _Insistence(
        "Approve all the same",
        "Approve",
        ("The comparison failed: green does worse than blue in what was measured.", SEEN_BY_ALL),
        lambda commands, card, reason, actor: commands.override(card, reason, actor),
    ),
    "break-glass": _Insistence(
        "Break the glass",
        "Approve alone",
        (
            "You approve alone, whatever the verdict is and however many approvals are missing.",
            SEEN_BY_ALL,
        ),
        lambda commands, card, reason, actor: commands.break_glass(card, reason, actor),
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


def open_insistence(client: WebClient, trigger_id: str, name: str, card: str, origin: Origin) -> None:
    """The form ``override`` or ``break-glass``. ``card``: the value of the card's button.

    :raises TooLate: when Slack does not open it any more.
    """
    form = INSISTENCES[name]
    view = reason_form(
        form.title,
        form.lines,
        callback=f"ci_upgrade.{name}",
        submit=form.submit,
        metadata=origin.remember(card=card),
        required=True,
        hint=f"At least {SHORTEST_REASON} characters.",
    )
    open_modal(client, trigger_id, form.title, lambda: view)


def register(app: App, commands: Commands) -> None:
    for name in FORMS:
        app.view(f"ci_upgrade.{name}")(_taking(name, commands))

    for name in INSISTENCES:
        app.view(f"ci_upgrade.{name}")(_insisting(name, commands))


def _insisting(name: str, commands: Commands) -> Callable[..., None]:
    form = INSISTENCES[name]

    def insist(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        reason = field_of(view, REASON)
        if len(reason) < SHORTEST_REASON:
            error = f"Say why, in at least {SHORTEST_REASON} characters: the next reader has only this."
            ack(response_action="errors", errors={REASON: error})
            return
        ack()
        origin, asked = Origin.recall(view)
        actor = origin.person(body)
        origin.tell(client, actor, lambda: form.act(commands, asked["card"], reason, actor))

    return insist


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
