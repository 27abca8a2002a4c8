"""What the bot says about an upgrade, made from its stored state alone: the same state always says the same. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.config import ControllerConfig
from bot.content import Button, Confirm, Dashboard, Decision, EvidenceRow, GateCard, PhaseLine, Tone
from bot.model import Phase
from bot.people import person
from bot.readiness import readiness
from bot.reasons import Reason
from bot.settings.policy import PolicyConfig
from bot.upgrade import Gate, Status, StepState, Upgrade, phase_of

__all__ = ["USUAL_RULES", "GateRules", "dashboard", "gate_card", "shown_on_card", "step_title"]

_TONES: dict[Status, Tone] = {
    Status.RUNNING: "info",
    Status.WAITING: "warning",
    Status.HELD: "bad",
    Status.ROLLING_BACK: "warning",
    Status.COMPLETED: "good",
    Status.ROLLED_BACK: "warning",
    Status.FAILED: "bad",
}

_DOING = {
    "preflight": "Checking whether the upgrade can work; nothing is changed.",
    "backup": "Backing up the running controller.",
    "clone": "Building green from the backup.",
    "upgrade": "Starting green on {target}, fenced off from live work.",
    "validate": "Comparing green with blue.",
    "handover": "Handing builds, timers and agents over to green.",
    "soak": "Everything runs on green; watching it before blue is retired.",
    "drain": "Waiting for the last builds on blue.",
    "retire": "Stopping blue and making green the only instance.",
    "back-sessions": "Sending all sessions back to blue.",
    "back-handover": "Handing builds, timers and agents back to blue.",
    "back-drain": "Waiting for the last builds on green, and carrying them to blue.",
    "back-stop": "Stopping green.",
}


def step_title(step: str) -> str:
    """``send-25`` → "25% of sessions on green"."""
    kind, _, value = step.partition("-")
    if kind == "send":
        return f"{value}% of sessions on green"
    if kind == "watch":
        return "Watching the handover" if value == "handover" else f"Watching {value}%"
    if kind == "gate":
        return f"Approval to {_next(value)}"
    titles = {
        "back-sessions": "Sessions back on blue",
        "back-handover": "Ownership back on blue",
        "back-drain": "Last builds of green carried over",
        "back-stop": "Green stopped",
    }
    return titles.get(step, step.capitalize())


@dataclass(frozen=True, slots=True)
class GateRules:
    """How gates are decided."""

    approvers: tuple[str, ...] = ()
    """Ids as configured; empty: everybody."""
    quorum: int = 1
    break_glass: bool = False
    expiry: Literal["hold", "rollback"] = "hold"


USUAL_RULES = GateRules()


def dashboard(
    upgrade: Upgrade,
    gate: Gate | None,
    sample: Mapping[str, Any] | None,
    config: ControllerConfig,
    rules: GateRules,
) -> Dashboard:
    """``gate`` is the open one; ``sample`` the newest measurement with its time under ``at``."""
    return Dashboard(
        upgrade=upgrade.id,
        controller=upgrade.controller,
        source=upgrade.source,
        target=upgrade.target,
        status=upgrade.status.value,
        tone=_TONES[upgrade.status],
        headline=_headline(upgrade, gate, rules),
        requested_by=upgrade.requested_by,
        started_at=upgrade.created_at,
        phases=_phases(upgrade),
        green_weight=upgrade.weight,
        owner=upgrade.owner.value,
        facts=_facts(upgrade, sample, config),
        readiness=readiness(upgrade, sample),
        checked_at=sample["at"] if sample else None,
        waiting_until=gate.expires_at if gate else _until(upgrade),
        waiting_since=gate.opened_at if gate else upgrade.hold.at if upgrade.hold and upgrade.live else None,
        next_step=_next_step(upgrade, config.policy),
        buttons=_dashboard_buttons(upgrade),
    )


def gate_card(
    upgrade: Upgrade,
    gate: Gate,
    rules: GateRules = USUAL_RULES,
    sample: Mapping[str, Any] | None = None,
) -> GateCard:
    """``sample`` is the newest measurement, for an open gate."""
    entry = gate.step.removeprefix("gate-")
    evidence = gate.evidence
    failed = gate.verdict == "fail"
    buttons: tuple[Button, ...] = ()
    if gate.outcome is None:
        value = json.dumps(shown_on_card(upgrade, gate))
        approve = Button(
            "approve",
            _approve_label(entry),
            value,
            "primary",
            spoken=f"Approve: {_approve_label(entry)}",
        )
        hold = Button("hold", "Hold", value, spoken=f"Hold the upgrade of {upgrade.controller}")
        override = Button(
            "override",
            "Approve all the same…",
            value,
            spoken=f"Approve with a reason although the comparison failed: {_approve_label(entry)}",
        )
        glass = Button(
            "break-glass",
            "Break glass…",
            value,
            spoken=f"Approve alone, over the rules and with a reason: {_approve_label(entry)}",
        )
        buttons = (override if failed else approve, hold, _rollback_button(upgrade))
        if rules.break_glass:
            buttons = (*buttons, glass)
    then = _then(upgrade, entry, evidence["owner"])
    if failed and gate.outcome is None:
        then += " The comparison failed: going on needs a written reason."
    decision = None
    if gate.outcome is not None:
        decision = Decision(
            _OUTCOMES[gate.outcome],
            gate.decided_by,
            gate.decided_at or gate.opened_at,
            gate.reason,
            gate.over_the_rules,
        )
    return GateCard(
        upgrade=upgrade.id,
        controller=upgrade.controller,
        question=f"{_approve_label(entry)}?",
        now=f"{evidence['weight']}% of new sessions go to green; {evidence['owner']} runs the builds.",
        then=then,
        verdict=gate.verdict,  # type: ignore[arg-type]  # stored as text, one of the four literals
        reasons=tuple(evidence.get("reasons", ())),
        evidence=tuple(EvidenceRow(**row) for row in evidence.get("rows", ())),
        going_back=_going_back(upgrade, sample),
        approvers=rules.approvers,
        quorum=rules.quorum,
        votes=tuple(vote.by for vote in gate.votes),
        expiry=rules.expiry,
        opened_at=gate.opened_at,
        expires_at=gate.expires_at,
        decision=decision,
        buttons=buttons,
    )


_OUTCOMES: dict[str, Literal["approved", "held", "rolled back", "expired", "superseded"]] = {
    "approved": "approved",
    "held": "held",
    "rolled back": "rolled back",
    "expired": "expired",
    "superseded": "superseded",
}


def _headline(upgrade: Upgrade, gate: Gate | None, rules: GateRules) -> str:
    match upgrade.status:
        case Status.WAITING if gate is not None:
            who = ", ".join(person(entry) for entry in rules.approvers) or "any operator"
            missing = rules.quorum - len(gate.votes)
            approvals = f"{missing} more approvals" if missing > 1 else "approval"
            outcome = "held" if rules.expiry == "hold" else "rolled back"
            return (
                f"Waiting for {approvals} to {_next(gate.step.removeprefix('gate-'))} from {who}; "
                f"undecided, it is {outcome}."
            )
        case Status.HELD:
            assert upgrade.hold is not None
            by = f" by {person(upgrade.hold.by)}" if upgrade.hold.by else ""
            resume = f"Resume it with a reason (`/ci-upgrade resume {upgrade.controller} <reason>`)"
            if upgrade.hold.reason is not Reason.VERDICT:
                resume = "Resume it"
            return f"Held{by}: {upgrade.hold.text} {resume}{'' if upgrade.retiring else ', or roll back'}."
        case Status.COMPLETED:
            return f"Done: {upgrade.controller} runs {upgrade.target}. Nothing waits for you."
        case Status.ROLLED_BACK:
            return f"Rolled back: {upgrade.controller} runs {upgrade.source} as before. Nothing that ran on green is lost."
        case Status.FAILED:
            return f"Not started, nothing was changed: {upgrade.hold.text if upgrade.hold else ''}"
        case _:
            record = upgrade.record()
            if record is not None and record.state is StepState.FAILED:
                return f"{step_title(upgrade.step)} failed and is tried again: {record.note}"
            return _doing(upgrade)


def _doing(upgrade: Upgrade) -> str:
    if upgrade.step.startswith("send-"):
        return f"Sending {upgrade.step.removeprefix('send-')}% of new sessions to green."
    if upgrade.step.startswith("watch-"):
        return f"{step_title(upgrade.step)}: comparing both sides before the next question."
    if upgrade.step.startswith("gate-"):
        return "Preparing the next question."
    return _DOING[upgrade.step].format(target=upgrade.target)


def _phases(upgrade: Upgrade) -> tuple[PhaseLine, ...]:
    lines = []
    order = [*(phase for phase in Phase if phase is not Phase.ROLLBACK), Phase.ROLLBACK]
    for phase in order:
        steps = [step for step in upgrade.steps if phase_of(step) is phase]
        if not steps:
            continue
        records = [upgrade.records[step] for step in steps if step in upgrade.records]
        current = phase_of(upgrade.step) is phase and upgrade.live
        asked = [step for step in steps if not step.startswith("gate-")]
        done = all(
            step in upgrade.records and upgrade.records[step].state is StepState.DONE for step in asked
        )
        failed = any(record.state is StepState.FAILED for record in records)
        state: Literal["pending", "running", "waiting", "done", "failed", "skipped"] = "pending"
        if done and not current:
            state = "done"
        elif current:
            state = {Status.WAITING: "waiting", Status.HELD: "failed"}.get(upgrade.status, "running")  # type: ignore[assignment]  # literals
        elif failed:
            state = "failed"
        elif records and not upgrade.live:
            state = "skipped"
        ended = [record.ended_at for record in records if record.ended_at is not None]
        seconds = max(ended) - min(record.started_at for record in records) if ended else None
        note = next(
            (
                upgrade.records[step].note
                for step in reversed(steps)
                if step in upgrade.records and upgrade.records[step].note
            ),
            "",
        )
        lines.append(PhaseLine(phase.value, state, seconds, note[:200]))
    return tuple(lines)


def _facts(
    upgrade: Upgrade, sample: Mapping[str, Any] | None, config: ControllerConfig
) -> tuple[tuple[str, str], ...]:
    facts = []
    if sample is not None and upgrade.following:
        for side in ("blue", "green"):
            probes = sample["sides"][side]["probes"]
            state = f"{max(probes) * 1000:.0f} ms, warm" if probes else "does not answer"
            facts.append((f"{side.capitalize()} answers in", state))
        if sample.get("lag") is not None:
            facts.append(("Sync lag", f"{sample['lag']:.1f} s"))
    if "freeze_seconds" in upgrade.facts:
        facts.append(("Freeze at the handover", f"{upgrade.facts['freeze_seconds']:.2f} s"))
    if "backup" in upgrade.facts:
        facts.append(("Backup", f"{upgrade.facts['backup']} ({upgrade.facts.get('backup_size', '')})"))
    if upgrade.status is Status.COMPLETED:
        facts.append(
            ("Old instance", f"stopped; kept for {config.policy.retention_seconds / 86400:.1f} days")
        )
    return tuple(facts)


def _going_back(upgrade: Upgrade, sample: Mapping[str, Any] | None) -> str:
    ready = readiness(upgrade, sample)
    return (
        f"one click; when this was drawn: {ready}"
        if ready
        else "one click; nothing was measured about it yet"
    )


def _until(upgrade: Upgrade) -> float | None:
    record = upgrade.record()
    return record.until if upgrade.live and record is not None and record.state is StepState.RUNNING else None


def _next_step(upgrade: Upgrade, policy: PolicyConfig) -> str:
    following = upgrade.following_step() if upgrade.live else None
    if following is None:
        return ""
    title = step_title(following)
    if following.startswith("send-") or following == "handover":
        return f"{title}, then watched for {_minutes(policy.observe_seconds)}"
    return f"{title} for {_minutes(policy.soak_seconds)}" if following == "soak" else title


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _dashboard_buttons(upgrade: Upgrade) -> tuple[Button, ...]:
    """A gate's card has its own button to hold."""
    buttons = {
        "hold": Button("pause", "Pause", _value(upgrade)),
        "resume": Button("resume", "Resume", _value(upgrade), "primary"),
        "rollback": _rollback_button(upgrade),
    }
    waits = upgrade.status is Status.WAITING
    return tuple(buttons[choice] for choice in upgrade.choices if not (waits and choice == "hold"))


def _rollback_button(upgrade: Upgrade) -> Button:
    text = f"All users of {upgrade.controller} go back to {upgrade.source} at once. Builds that ran on green are kept; green is stopped."
    confirm = Confirm(f"Roll back {upgrade.controller}?", text, "Roll back", "Keep going")
    return Button(
        "rollback",
        "Roll back",
        _value(upgrade),
        "danger",
        confirm,
        f"Roll back the upgrade of {upgrade.controller}",
    )


def shown_on_card(upgrade: Upgrade, gate: Gate) -> dict[str, str]:
    """What the buttons of a gate's card bring back: a click decides about this and nothing else."""
    return {
        "upgrade": upgrade.id,
        "gate": gate.id,
        "step": gate.step,
        "source": upgrade.source,
        "target": upgrade.target,
        "evidence": gate.evidence_hash,
    }


def _value(upgrade: Upgrade) -> str:
    return json.dumps({"upgrade": upgrade.id})


def _approve_label(entry: str) -> str:
    if entry == "handover":
        return "Hand builds over to green"
    if entry == "retire":
        return "Retire the old instance"
    return "Send all sessions to green" if entry == "100" else f"Send {entry}% of sessions to green"


def _next(entry: str) -> str:
    label = _approve_label(entry)
    return label[0].lower() + label[1:]


def _then(upgrade: Upgrade, entry: str, owner: str) -> str:
    if entry == "handover":
        return "New builds wait for about a second; then green runs builds, timers, webhooks and agents. Builds that run on blue finish there."
    if entry == "retire":
        return f"Blue ({upgrade.source}) is stopped and kept for the retention time. Going back is no longer one click."
    sessions = (
        "All sessions, also those already on blue, go" if entry == "100" else f"{entry}% of new sessions go"
    )
    return f"{sessions} to green ({upgrade.target}). Builds stay on {owner}."
