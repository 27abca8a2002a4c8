"""Gates: opened with evidence, decided once, bound to what was shown."""

from __future__ import annotations

import dataclasses
from typing import Any

from bot.announcer import Announcer
from bot.context import Context
from bot.evidence import Evidence, gather, series
from bot.people import person
from bot.ports import Clock
from bot.reasons import Reason
from bot.store import Entry, Store
from bot.upgrade import Gate, Hold, Status, Upgrade, Vote, turned_back

__all__ = ["Gates", "evidence_since", "shown"]


class Gates:
    def __init__(self, store: Store, announcer: Announcer, clock: Clock) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock

    def open(self, ctx: Context, upgrade: Upgrade) -> Gate:
        """Ask, with everything that was measured since the last observation began.

        ``upgrade`` is the row that led to the question.

        :raises Conflict: when it was changed since: somebody may have held it or turned back.
        """
        now = self._clock.now()
        evidence = gather(ctx, evidence_since(upgrade))
        number = sum(gate.step == upgrade.step for gate in self._store.gates(upgrade.id)) + 1
        gate = Gate(
            id=f"{upgrade.id}-{upgrade.step}-{number}",
            upgrade=upgrade.id,
            step=upgrade.step,
            opened_at=now,
            expires_at=now + ctx.policy.gate_expiry_seconds,
            evidence={**evidence.as_json(), "weight": upgrade.weight, "owner": upgrade.owner.value},
            evidence_hash=evidence.digest(),
            verdict=evidence.verdict,
        )
        entry = Entry(
            upgrade.id,
            now,
            "event",
            upgrade.step,
            1,
            "gate opened",
            None,
            {"gate": gate.id, "evidence": gate.evidence_hash},
        )
        saved = self._store.open_gate(gate, dataclasses.replace(upgrade, status=Status.WAITING), entry)
        self._announcer.picture(
            saved, gate, series(ctx, upgrade.created_at, f"{upgrade.controller}: blue and green so far")
        )
        self._announcer.gate(saved, gate)
        self._announcer.dashboard(saved)
        return gate

    def decide(
        self,
        gate: Gate,
        outcome: str,
        actor: str | None,
        reason: str,
        *,
        hold: Hold | None = None,
        weight: int | None = None,
        seen: Evidence | None = None,
    ) -> Upgrade:
        """Write a decision and what it makes of the upgrade: running again, or held. ``weight``: what sessions were set to with it.

        :raises Conflict: when somebody else decided first.
        """
        now = self._clock.now()
        upgrade = self._store.get(gate.upgrade)
        decided = dataclasses.replace(gate, outcome=outcome, decided_by=actor, decided_at=now, reason=reason)
        changed = dataclasses.replace(
            upgrade,
            status=Status.HELD if hold else Status.RUNNING,
            hold=hold,
            weight=upgrade.weight if weight is None else weight,
        )
        detail = {"outcome": outcome, "reason": reason, **shown(gate)}
        if gate.votes:
            detail["approved before by"] = [vote.by for vote in gate.votes]
        if gate.over_the_rules:
            detail["over the rules"] = True
        if seen is not None:
            detail["measured at the click"] = seen.digest()
        saved = self._store.decide(
            decided, changed, Entry(upgrade.id, now, "decision", gate.step, 1, outcome, actor, detail)
        )
        self._announcer.gate(saved, decided)
        if decided.over_the_rules:
            self._announcer.over_the_rules(saved, decided)
        if hold is not None:
            self._announcer.held(saved)
        else:
            self._announcer.dashboard(saved)
        return saved

    def vote(self, gate: Gate, votes: tuple[Vote, ...]) -> None:
        """Note one of several approvals, the last of ``votes``; before it those that still count. Show them on the card.

        :raises Conflict: when somebody else was faster.
        """
        upgrade, vote = self._store.get(gate.upgrade), votes[-1]
        detail = {"reason": vote.reason, **shown(gate)}
        gone = [earlier.by for earlier in gate.votes if earlier not in votes]
        if gone:
            detail["may not approve any more"] = gone
        entry = Entry(upgrade.id, vote.at, "decision", gate.step, 1, "vote", vote.by, detail)
        self._announcer.gate(upgrade, self._store.vote(gate, votes, entry))
        self._announcer.dashboard(upgrade)

    def expire(self, gate_id: str) -> None:
        """Nobody decided: hold, or roll back, as configured."""
        gate = self._store.gate(gate_id)
        assert gate is not None, "an open gate is stored"
        text, now = "Nobody decided in time.", self._clock.now()
        if self._announcer.rules(gate).expiry == "hold":
            self.decide(gate, "expired", None, text, hold=Hold(Reason.GATE_EXPIRED, text, now))
            return
        upgrade = self._store.get(gate.upgrade)
        decided = dataclasses.replace(gate, outcome="expired", decided_at=now, reason=text)
        detail = {"outcome": "expired", "reason": text, **shown(gate)}
        entry = Entry(upgrade.id, now, "decision", gate.step, 1, "rollback", None, detail)
        saved = self._store.decide(decided, turned_back(upgrade), entry)
        self._announcer.gate(saved, decided)
        self._announcer.entry(saved, "rollback", "Rolled back: nobody decided in time", (), "warning")
        self._announcer.dashboard(saved)

    def remind(self, gate_id: str) -> None:
        """Say once that the gate still waits."""
        gate = self._store.gate(gate_id)
        if gate is None or gate.outcome is not None:
            return
        upgrade = self._store.get(gate.upgrade)
        rules = self._announcer.rules(gate)
        who = " ".join(person(entry) for entry in rules.approvers)
        text = f"Still waiting for a decision {who}".rstrip()
        outcome = "held" if rules.expiry == "hold" else "rolled back"
        line = f"Undecided, the upgrade will be {outcome}."
        self._announcer.entry(upgrade, f"remind-{gate.id}", text, (line,), "warning")


def shown(gate: Gate) -> dict[str, Any]:
    """Which card it was and what it showed, for the journal."""
    return {"gate": gate.id, "evidence": gate.evidence_hash, "verdict": gate.verdict, "shown": gate.evidence}


def evidence_since(upgrade: Upgrade) -> float:
    """The evidence of a gate covers the last observation before it (or the soak), or the validation where there was none."""
    before = upgrade.steps[: upgrade.steps.index(upgrade.step)]
    found = [record for step in before if (record := upgrade.records.get(step)) is not None]
    watched = [record for record in found if record.until is not None]
    newest = (watched or found)[-1:]
    return newest[0].started_at if newest else upgrade.created_at
