"""Forms that decide a gate: approving, approving against the verdict, and over the rules. Each decides about the card that it was opened for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.commands import Actor, Commands, OpenGate
from bot.content import Notice
from handlers.modals.opening import open_modal
from handlers.modals.origin import Origin
from handlers.typed import field_of
from handlers.views.blocks import Block
from handlers.views.forms import REASON, SUBJECT, outcome, reason_form
from handlers.views.inputs import Choice

__all__ = ["INSISTENCES", "open_decision", "open_insistence", "register"]

SHORTEST_REASON = 10
"""Characters of a reason to go on against the verdict or the rules: a word is none."""
GATES = 6
"""A form remembers what it showed of each in 3000 characters."""


@dataclass(frozen=True, slots=True)
class _Form:
    title: str
    submit: str
    lines: tuple[str, ...]
    act: Callable[[Commands, str, str, Actor], Notice]
    insists: bool = True
    """A reason of some length is needed."""


SEEN_BY_ALL = "Your name and your reason stand on the card and in the journal, for everybody to see."
_FORMS = {
    "approve": _Form(
        "Approve",
        "Approve",
        (),
        lambda commands, card, reason, actor: commands.override(card, reason, actor),
        insists=False,
    ),
    "override": _Form(
        "Approve all the same",
        "Approve",
        ("The comparison failed: green does worse than blue in what was measured.", SEEN_BY_ALL),
        lambda commands, card, reason, actor: commands.override(card, reason, actor),
    ),
    "break-glass": _Form(
        "Break the glass",
        "Approve alone",
        (
            "You approve alone, whatever the verdict is and however many approvals are missing.",
            SEEN_BY_ALL,
        ),
        lambda commands, card, reason, actor: commands.break_glass(card, reason, actor),
    ),
}
INSISTENCES = tuple(name for name, form in _FORMS.items() if form.insists)
"""Those that a card's button opens."""


def open_insistence(client: WebClient, trigger_id: str, name: str, card: str, origin: Origin) -> None:
    """One of ``INSISTENCES``. ``card``: the value of the card's button.

    :raises TooLate: when Slack does not open it any more.
    """
    view = _drawn(name, _FORMS[name].lines, origin.remember(card=card))
    open_modal(client, trigger_id, _FORMS[name].title, lambda: view)


def open_decision(
    client: WebClient, trigger_id: str, commands: Commands, name: str, actor: Actor, origin: Origin
) -> None:
    """Any of the forms without a card: for the gate that is open, or a choice of those that are.

    :raises TooLate: when Slack does not open it any more.
    """
    form = _FORMS[name]

    def fill() -> Block:
        gates = commands.open_gates(actor)
        if not gates:
            return outcome(form.title, Notice("Nothing waits for an approval now."))
        if len(gates) == 1:
            told, kept = (gates[0].title, *gates[0].lines), origin.remember(card=gates[0].card)
            return _drawn(name, (*told, *form.lines), kept)
        shown = gates[:GATES]
        told = tuple(f"{gate.title} {' '.join(gate.lines)}" for gate in shown)
        more = (f"… and {len(gates) - GATES} more: name the controller.",) if len(gates) > GATES else ()
        return _drawn(
            name,
            (*form.lines, *told, *more),
            origin.remember(**{gate.id: gate.card for gate in shown}),
            shown,
        )

    open_modal(client, trigger_id, form.title, fill)


def _drawn(name: str, lines: Sequence[str], metadata: str, gates: Sequence[OpenGate] = ()) -> Block:
    form = _FORMS[name]
    return reason_form(
        form.title,
        lines,
        callback=f"ci_upgrade.{name}",
        submit=form.submit,
        metadata=metadata,
        subjects=[Choice(gate.id, gate.title) for gate in gates],
        subject="Question",
        required=form.insists,
        hint=f"At least {SHORTEST_REASON} characters."
        if form.insists
        else "Needed where the comparison failed.",
    )


def register(app: App, commands: Commands) -> None:
    for name in _FORMS:
        app.view(f"ci_upgrade.{name}")(_taking(name, commands))


def _taking(name: str, commands: Commands) -> Callable[..., None]:
    form = _FORMS[name]

    def take(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        reason = field_of(view, REASON)
        if form.insists and len(reason) < SHORTEST_REASON:
            error = f"Say why, in at least {SHORTEST_REASON} characters: the next reader has only this."
            ack(response_action="errors", errors={REASON: error})
            return
        ack()
        origin, asked = Origin.recall(view)
        # A form that an older release opened remembers something else, which the bot refuses.
        actor, card = origin.person(body), asked.get(field_of(view, SUBJECT) or "card", "")
        origin.tell(client, actor, lambda: form.act(commands, card, reason, actor))

    return take
