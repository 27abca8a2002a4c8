"""What is asked on the bot's own machine: the same commands as in Slack, for when Slack is down."""

from __future__ import annotations

from bot.approvals import Approvals
from bot.commands.acting import Acting
from bot.commands.arguments import Arguments
from bot.commands.deciding import Deciding
from bot.commands.interface import Actor
from bot.commands.looking import Looking
from bot.content import GateCard, Notice
from bot.errors import BotError, Refused
from bot.local_protocol import Reply, Request
from bot.messages import gate_card
from bot.store import Store, newest_sample
from bot.upgrade import Gate, Upgrade

__all__ = ["LocalRequests"]


class LocalRequests:
    def __init__(
        self,
        store: Store,
        arguments: Arguments,
        approvals: Approvals,
        looking: Looking,
        deciding: Deciding,
        acting: Acting,
    ) -> None:
        self._store = store
        self._arguments = arguments
        self._approvals = approvals
        self._looking = looking
        self._deciding = deciding
        self._acting = acting

    def answer(self, request: Request, actor: Actor) -> Reply:
        """Never raises what the bot raises on purpose: a refusal is a reply that says what to do."""
        try:
            return self._answer(request, actor)
        except BotError as error:
            return Reply(False, str(error))

    def _answer(self, request: Request, actor: Actor) -> Reply:
        named = self._controller(request.named)
        if request.verb == "status":
            return _reply(self._looking.status(named, actor))
        upgrade, _ = self._arguments.live(named)
        match request.verb:
            case "question":
                return self._question(upgrade, actor)
            case "approve":
                return self._approve(upgrade, request, actor)
            case "hold":
                return _reply(self._acting.hold_upgrade(upgrade, actor, request.reason))
            case "resume":
                return _reply(self._acting.resume_upgrade(upgrade, actor, request.reason))
            case "rollback":
                return _reply(self._acting.roll_back(upgrade, actor, request.reason))

    def _controller(self, named: str) -> list[str]:
        """The controller that is named, itself or by the id of its live upgrade, as the first words of a command."""
        if not named:
            return []
        live = {upgrade.id: upgrade.controller for upgrade in self._store.live()}
        return [live.get(named) or self._arguments.controller([named])]

    def _question(self, upgrade: Upgrade, actor: Actor) -> Reply:
        """Asked before anything is approved; somebody who may not approve is told so here already."""
        gate = self._open_gate(upgrade)
        self._approvals.require(actor.id, upgrade)
        card = gate_card(upgrade, gate, sample=newest_sample(self._store, upgrade))
        return Reply(
            True,
            f"{upgrade.controller} ({upgrade.id}): {card.question}",
            _lines(card),
            evidence=gate.evidence_hash,
            needs_reason=gate.verdict == "fail",
        )

    def _approve(self, upgrade: Upgrade, request: Request, actor: Actor) -> Reply:
        gate = self._open_gate(upgrade)
        if request.evidence != gate.evidence_hash:
            raise Refused(
                "What you approve is not what is asked now, so nothing was approved: "
                f"`ci-upgrade approve {upgrade.controller}` shows the question and its figures."
            )
        notice = self._deciding.decide("approve", upgrade, gate, actor, request.reason)
        if notice is not None:
            return _reply(notice)
        return Reply(True, f"Approved: {gate_card(upgrade, gate).question.rstrip('?')}.")

    def _open_gate(self, upgrade: Upgrade) -> Gate:
        gate = self._store.newest_gate(upgrade.id, upgrade.step)
        if gate is None or gate.outcome is not None:
            raise Refused(
                f"{upgrade.controller} waits for no approval now. `ci-upgrade status` says what it does."
            )
        return gate


def _reply(notice: Notice) -> Reply:
    return Reply(True, notice.text, notice.lines)


def _lines(card: GateCard) -> tuple[str, ...]:
    """What the card shows in Slack, as lines for a terminal."""
    rows = [f"{row.name:<16} {row.blue:>14} {row.green:>14}  {row.note}".rstrip() for row in card.evidence]
    table = [f"{'':<16} {'blue':>14} {'green':>14}", *rows] if rows else []
    verdict = [f"Verdict: {card.verdict}", *(f"  {reason}" for reason in card.reasons)]
    return (
        f"Now: {card.now}",
        f"Then: {card.then}",
        *verdict,
        *table,
        f"Going back: {card.going_back}",
    )
