"""Decisions at a gate: taken once, by people who may, on figures that are still true."""

from __future__ import annotations

import dataclasses

from bot.approvals import Approvals
from bot.commands.arguments import Arguments
from bot.commands.interface import Actor
from bot.commands.permissions import Permissions
from bot.content import Notice
from bot.context import Contexts
from bot.engine import Engine
from bot.errors import Conflict, Refused
from bot.evidence import Evidence, gather
from bot.gates import Gates, evidence_since
from bot.people import person
from bot.ports import Clock
from bot.reasons import Reason
from bot.store import Store
from bot.upgrade import Gate, Hold, Status, Upgrade, Vote

__all__ = ["Deciding"]

SHORTEST_REASON = 10
"""Characters of a reason to go over the rules: a word is none."""
_WORSE = {"pass": 0, "inconclusive": 1, "fail": 2}


class Deciding:
    def __init__(
        self,
        store: Store,
        engine: Engine,
        gates: Gates,
        contexts: Contexts,
        clock: Clock,
        arguments: Arguments,
        permissions: Permissions,
        approvals: Approvals,
    ) -> None:
        self._store = store
        self._engine = engine
        self._gates = gates
        self._contexts = contexts
        self._clock = clock
        self._arguments = arguments
        self._permissions = permissions
        self._approvals = approvals

    def approve(self, words: list[str], actor: Actor) -> Notice:
        upgrade, gate, reason = self._asked(words, actor)
        return self.decide("approve", upgrade, gate, actor, reason) or Notice("Approved.", tone="good")

    def decide(self, action: str, upgrade: Upgrade, gate: Gate, actor: Actor, reason: str) -> Notice | None:
        _require_open(upgrade, gate)
        if action == "hold":
            self._permissions.require_operator(actor, "hold an upgrade")
            text = reason or "Somebody pressed Hold."
            self._settle(
                gate, "held", actor, reason, hold=Hold(Reason.ASKED, text, self._clock.now(), actor.id)
            )
            return None
        self._approvals.require(actor.id, upgrade)
        if gate.verdict == "fail" and not reason:
            raise Refused(
                f"The comparison failed, so approving needs a written reason: `/ci-upgrade approve {upgrade.controller} <reason>`."
            )
        return self._approve(upgrade, gate, actor, reason, self._measured(upgrade, gate, actor))

    def break_glass(self, words: list[str], actor: Actor) -> Notice:
        upgrade, gate, reason = self._asked(words, actor)
        return self.go_over_the_rules(upgrade, gate, actor, reason)

    def _asked(self, words: list[str], actor: Actor) -> tuple[Upgrade, Gate, str]:
        """The open question that typed words are about, and the rest of the words. Where only one is open, it need not be named."""
        waiting = [upgrade for upgrade in self._store.live() if upgrade.status is Status.WAITING]
        if not words and len(waiting) == 1:
            words = [waiting[0].controller]
        upgrade, reason = self._arguments.live(words)
        gate = self._store.newest_gate(upgrade.id, upgrade.step)
        if gate is None or gate.outcome is not None:
            raise Refused(
                f"{upgrade.controller} waits for no approval now. `/ci-upgrade status` says what it does."
            )
        _require_asked_before(gate, actor)
        return upgrade, gate, reason

    def go_over_the_rules(self, upgrade: Upgrade, gate: Gate, actor: Actor, reason: str) -> Notice:
        """Approve alone: over the quorum, the two-person rule and a failed comparison. With a reason, for everybody to see."""
        _require_open(upgrade, gate)
        self._approvals.require_break_glass(actor.id)
        if len(reason) < SHORTEST_REASON:
            raise Refused(
                f"Going over the rules needs a reason of at least {SHORTEST_REASON} characters: "
                f"`/ci-upgrade break-glass {upgrade.controller} <reason>`."
            )
        self._settle(dataclasses.replace(gate, over_the_rules=True), "approved", actor, reason)
        return Notice("Approved over the rules, for everybody to see.", tone="warning")

    def _measured(self, upgrade: Upgrade, gate: Gate, actor: Actor) -> Evidence:
        """The figures now. What was shown must still hold; otherwise a new card asks again."""
        age = self._clock.now() - gate.opened_at
        if age > self._contexts.services(upgrade.controller).config.policy.evidence_seconds:
            self._settle(
                gate, "superseded", None, f"the figures were {age / 60:.0f} min old at {actor.name}'s click"
            )
            raise Refused(
                f"The figures on the card are {age / 60:.0f} min old. A new card asks again, with new ones."
            )
        seen = gather(self._contexts.beside(upgrade.id), evidence_since(upgrade))
        if _WORSE[seen.verdict] > _WORSE[gate.verdict]:
            self._settle(gate, "superseded", None, f"the figures became worse before {actor.name}'s click")
            raise Refused(
                f"The figures became worse since the card was drawn ({'; '.join(seen.reasons)}). A new card asks again."
            )
        return seen

    def _approve(
        self, upgrade: Upgrade, gate: Gate, actor: Actor, reason: str, seen: Evidence
    ) -> Notice | None:
        """The last vote decides, with those before it that still count."""
        counting = self._approvals.still_counting(gate.votes, upgrade)
        others = tuple(vote for vote in counting if vote.by != actor.id)
        missing = self._approvals.quorum - len(others) - 1
        if missing <= 0:
            self._settle(dataclasses.replace(gate, votes=others), "approved", actor, reason, seen=seen)
            return None
        if len(others) < len(counting):
            raise Refused(
                f"You have approved this already; {missing} more must. Nothing was changed by your click."
            )
        try:
            self._gates.vote(gate, (*others, Vote(actor.id, self._clock.now(), reason)))
        except Conflict as error:
            raise Refused(
                "Somebody else clicked at the same moment. Click again if the card still asks."
            ) from error
        return Notice(f"Your approval counts; {missing} more must approve.", tone="good")

    def _settle(
        self,
        gate: Gate,
        outcome: str,
        actor: Actor | None,
        reason: str,
        *,
        hold: Hold | None = None,
        seen: Evidence | None = None,
    ) -> None:
        try:
            self._gates.decide(gate, outcome, actor.id if actor else None, reason, hold=hold, seen=seen)
        except Conflict as error:
            decided = self._store.gate(gate.id)
            raise Refused(f"{_late(decided or gate)} Nothing was changed by your click.") from error
        self._engine.wake(gate.upgrade)


def _require_asked_before(gate: Gate, actor: Actor) -> None:
    """Slack may deliver a message minutes late; meanwhile another question may have been asked."""
    if actor.asked_at is not None and actor.asked_at < gate.opened_at:
        raise Refused(
            "You wrote this before the question that is open now was asked, so nothing was approved. Look at its card, and approve there."
        )


def _require_open(upgrade: Upgrade, gate: Gate) -> None:
    if gate.outcome is not None or gate.step != upgrade.step or upgrade.status is not Status.WAITING:
        raise Refused(f"{_late(gate)} Nothing was changed by your click.")


def _late(gate: Gate) -> str:
    if gate.outcome is None:
        return "This card belongs to an earlier step."
    by = f" by {person(gate.decided_by)}" if gate.decided_by else ""
    return f"This was already {gate.outcome}{by}."
