"""Decisions at a gate: taken once, by people who may, on figures that are still true."""

from __future__ import annotations

from bot.commands.arguments import Arguments
from bot.commands.interface import Actor
from bot.commands.permissions import Permissions
from bot.content import Notice
from bot.context import Contexts
from bot.engine import Engine
from bot.errors import Conflict, Refused
from bot.evidence import gather
from bot.gates import Gates, evidence_since
from bot.people import person
from bot.ports import Clock
from bot.reasons import Reason
from bot.store import Store
from bot.upgrade import Gate, Hold, Status, Upgrade

__all__ = ["Deciding"]

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
    ) -> None:
        self._store = store
        self._engine = engine
        self._gates = gates
        self._contexts = contexts
        self._clock = clock
        self._arguments = arguments
        self._permissions = permissions

    def approve(self, words: list[str], actor: Actor) -> Notice:
        upgrade, reason = self._arguments.live(words)
        gate = self._store.newest_gate(upgrade.id, upgrade.step)
        if gate is None or gate.outcome is not None:
            raise Refused(
                f"{upgrade.controller} waits for no approval now. `/ci-upgrade status` says what it does."
            )
        return self.decide("approve", upgrade, gate, actor, reason) or Notice("Approved.", tone="good")

    def decide(self, action: str, upgrade: Upgrade, gate: Gate, actor: Actor, reason: str) -> Notice | None:
        if gate.outcome is not None or gate.step != upgrade.step or upgrade.status is not Status.WAITING:
            raise Refused(f"{_late(gate)} Nothing was changed by your click.")
        if action == "hold":
            self._permissions.require_operator(actor, "hold an upgrade")
            text = reason or "Somebody pressed Hold."
            self._settle(
                gate, "held", actor, reason, hold=Hold(Reason.ASKED, text, self._clock.now(), actor.id)
            )
            return None
        self._permissions.require_approver(actor, upgrade)
        if gate.verdict == "fail" and not reason:
            raise Refused(
                f"The comparison failed, so approving needs a written reason: `/ci-upgrade approve {upgrade.controller} <reason>`."
            )
        seen = gather(self._contexts.beside(upgrade.id), evidence_since(upgrade))
        if _WORSE[seen.verdict] > _WORSE[gate.verdict]:
            self._settle(gate, "superseded", None, f"the figures became worse before {actor.name}'s click")
            raise Refused(
                f"The figures became worse since the card was drawn ({'; '.join(seen.reasons)}). A new card asks again."
            )
        self._settle(gate, "approved", actor, reason)
        return None

    def _settle(
        self, gate: Gate, outcome: str, actor: Actor | None, reason: str, *, hold: Hold | None = None
    ) -> None:
        try:
            self._gates.decide(gate, outcome, actor.id if actor else None, reason, hold=hold)
        except Conflict as error:
            decided = self._store.gate(gate.id)
            raise Refused(f"{_late(decided or gate)} Nothing was changed by your click.") from error
        self._engine.wake(gate.upgrade)


def _late(gate: Gate) -> str:
    if gate.outcome is None:
        return "This card belongs to an earlier step."
    by = f" by {person(gate.decided_by)}" if gate.decided_by else ""
    return f"This was already {gate.outcome}{by}."
