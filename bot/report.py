"""What an upgrade did, told at its end: for people as Markdown, for programs as JSON. From stored rows alone."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.figures import side_by_side
from bot.messages import step_title
from bot.people import person
from bot.pruning import measured_key
from bot.store import Store
from bot.upgrade import Gate, Upgrade

__all__ = ["as_json", "as_markdown", "report"]


def report(store: Store, upgrade: Upgrade) -> dict[str, Any]:
    """Everything, in plain values; times are epoch seconds. Made again it says the same."""
    gates, journal = store.gates(upgrade.id), store.journal(upgrade.id)
    ended = upgrade.ended_at or max([upgrade.created_at, *(entry.at for entry in journal)])
    return {
        "upgrade": upgrade.id,
        "controller": upgrade.controller,
        "from_version": upgrade.source,
        "to_version": upgrade.target,
        "outcome": upgrade.status.value,
        "requested_by": upgrade.requested_by,
        "started_at": upgrade.created_at,
        "ended_at": upgrade.ended_at,
        "seconds": round(ended - upgrade.created_at, 1),
        "hold": upgrade.hold.text if upgrade.hold else None,
        "timeline": [
            {
                "step": step,
                "state": record.state.value,
                "started_at": record.started_at,
                "seconds": round((record.ended_at or ended) - record.started_at, 1),
                "attempts": record.attempt,
                "note": record.note,
            }
            for step, record in sorted(upgrade.records.items(), key=lambda item: item[1].started_at)
        ],
        "decisions": [_decision(gate) for gate in gates],
        "figures": {
            "freeze_seconds": upgrade.facts.get("freeze_seconds"),
            "approvals": sum(gate.outcome == "approved" for gate in gates),
            "measured": _measurements(store, upgrade),
        },
        "changes": [
            {"at": entry.at, "step": entry.step, "change": entry.name}
            for entry in journal
            if entry.kind == "outcome" and not entry.name.startswith("step ") and entry.name != "failed"
        ],
        "backup": {"id": upgrade.facts.get("backup"), "size": upgrade.facts.get("backup_size")},
        "left_to_a_human": [str(line) for line in upgrade.facts.get("for_humans", [])],
        "last_hash": store.last_hash(upgrade.id),
    }


def _measurements(store: Store, upgrade: Upgrade) -> list[dict[str, Any]]:
    """From the samples, or from what was made of them when they were thinned out."""
    samples = store.samples(upgrade.id, upgrade.created_at)
    if samples:
        return [dataclasses.asdict(row) for row in side_by_side(samples)]
    return list((store.document(measured_key(upgrade)) or {"rows": []})["rows"])


def as_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def as_markdown(content: Mapping[str, Any]) -> str:
    return "\n".join(_lines(content)) + "\n"


def _decision(gate: Gate) -> dict[str, Any]:
    return {
        "step": gate.step.removeprefix("gate-"),
        "asked_at": gate.opened_at,
        "outcome": gate.outcome,
        "by": gate.decided_by,
        "at": gate.decided_at,
        "reason": gate.reason,
        "approved_before_by": [vote.by for vote in gate.votes],
        "over_the_rules": gate.over_the_rules,
        "verdict": gate.verdict,
        "evidence_hash": gate.evidence_hash,
        "evidence": gate.evidence,
    }


def _lines(content: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {content['controller']}: {content['from_version']} → {content['to_version']}, {_words(content['outcome'])}"
    yield ""
    yield (
        f"Upgrade `{content['upgrade']}`, asked by {_who(content['requested_by'])}, began {_moment(content['started_at'])} and took "
        f"{_duration(content['seconds'])}."
    )
    if content["hold"]:
        yield f"It stood still: {content['hold']}"
    yield from _section("Timeline", [_step(one) for one in content["timeline"]])
    yield from _section("Decisions", [line for one in content["decisions"] for line in _asked(one)])
    freeze = content["figures"]["freeze_seconds"]
    frozen = [] if freeze is None else [f"New builds waited {freeze:.2f} s at the handover."]
    measured = [_measured(row) for row in content["figures"]["measured"]]
    yield from _section("Figures", [f"{content['figures']['approvals']} approvals", *frozen, *measured])
    changes = [
        f"{_moment(one['at'])} {step_title(one['step'])}: {one['change']}" for one in content["changes"]
    ]
    yield from _section("What was changed", changes)
    backup = content["backup"]
    yield from _section(
        "Backup", [f"`{backup['id']}` ({backup['size'] or 'size unknown'})"] if backup["id"] else []
    )
    yield from _section("Left to a human", content["left_to_a_human"])
    yield from _section(
        "Audit",
        [
            f"The hash at the upgrade's end is `{content['last_hash']}`: `ci-upgrade history verify --head HASH`."
        ],
    )


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from (
            "",
            f"## {title}",
            "",
            *(line if line.startswith("  ") else f"- {line}" for line in lines),
        )


def _step(one: Mapping[str, Any]) -> str:
    attempts = f", {one['attempts']} attempts" if one["attempts"] > 1 else ""
    note = f": {one['note']}" if one["note"] else ""
    return f"{_moment(one['started_at'])} {step_title(one['step'])} – {_words(one['state'])} in {_duration(one['seconds'])}{attempts}{note}"


def _asked(one: Mapping[str, Any]) -> Iterator[str]:
    by = f" by {_who(one['by'])}" if one["by"] else ""
    before = (
        f", approved before by {', '.join(map(_who, one['approved_before_by']))}"
        if one["approved_before_by"]
        else ""
    )
    glass = ", **over the rules**" if one["over_the_rules"] else ""
    reason = f" – {one['reason']}" if one["reason"] else ""
    moment = f" {_moment(one['at'])}" if one["at"] else ""
    yield f"{one['step']}: {one['outcome'] or 'undecided'}{by}{moment}{before}{glass}{reason}"
    yield f"  - verdict {one['verdict']}, evidence `{one['evidence_hash']}`"
    for row in one["evidence"].get("rows", ()):
        yield f"  - {_measured(row)}"


def _measured(row: Mapping[str, Any]) -> str:
    note = f" ({row['note']})" if row["note"] else ""
    return f"{row['name']}: blue {row['blue']}, green {row['green']}{note}"


def _who(id: str) -> str:
    """Files have no mentions: the id itself."""
    return person(id).strip("<@>")


def _words(value: str) -> str:
    return value.replace("_", " ")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
