"""The largest upgrade that the configuration allows, from its stored state to Block Kit: every message fits, and nothing is cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.messages import GateRules, dashboard, gate_card
from bot.model import Instance, Side
from bot.reasons import Reason
from bot.upgrade import Gate, Hold, Status, StepRecord, StepState, Upgrade, Vote, plan_steps
from handlers.views import Rendered, render
from tests.fakes.world import make_config
from tests.handlers.block_rules import faults

NAME = "a" * 40
"""The longest name that the configuration takes."""
PLAN: tuple[int | str, ...] = (1, 2, 3, 5, 8, 13, 21, 34, "handover", 55, 89, 100)
STEPS = plan_steps(PLAN)
GATES = [step for step in STEPS if step.startswith("gate-")]
NOW = 1_764_000_000.0
PEOPLE = tuple(f"U0{number:09d}" for number in range(60))
RULES = GateRules((*PEOPLE, "S0123456789", "C0123456789"), 30, True, "rollback")
VOTES = tuple(Vote(user, 0.0) for user in PEOPLE[:29])
TEXTS = {
    "right to left": "الخادم القديم بطيء جدا، ننتظر حتى يوم الاثنين صباحا " * 10,
    "emoji": "🚀👩‍💻🏳️‍🌈 " * 60,
    "plugins": ", ".join(f"some-plugin-with-a-long-name-{number} 1.{number}.0" for number in range(60)),
}


def upgrade(step: str, text: str, **changes: Any) -> Upgrade:
    done = STEPS[: STEPS.index(step)]
    usual: dict[str, Any] = {
        "id": "u7f3a1",
        "controller": NAME,
        "source": "2.426.3",
        "target": "2.516.3",
        "requested_by": PEOPLE[0],
        "channel": "C1",
        "created_at": NOW,
        "steps": STEPS,
        "step": step,
        "status": Status.RUNNING,
        "blue": Instance(f"{NAME}-first", "2.426.3", "http://blue", "blue"),
        "following": True,
        "weight": 89,
        "owner": Side.GREEN,
        "records": {each: StepRecord(StepState.DONE, NOW, NOW + 86_399, note=text) for each in (*done, step)},
        "facts": {"freeze_seconds": 2.59, "backup": "u7f3a1", "backup_size": text, "for_humans": [text] * 60},
    }
    return Upgrade(**{**usual, **changes})


def gate(step: str, text: str, **changes: Any) -> Gate:
    row = {"name": text, "blue": text, "green": text, "note": text}
    evidence = {"weight": 89, "owner": "green", "reasons": [text] * 60, "rows": [row] * 60}
    usual: dict[str, Any] = {
        "id": f"u7f3a1-{step}-12",
        "upgrade": "u7f3a1",
        "step": step,
        "opened_at": NOW,
        "expires_at": NOW + 28_800,
        "evidence": evidence,
        "evidence_hash": "0123456789ab",
        "verdict": "pass",
    }
    return Gate(**{**usual, **changes})


def labels(message: Rendered) -> list[str]:
    return [
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("step", STEPS)
def test_the_dashboard_fits_at_every_step(tmp_path: Path, step: str, text: str) -> None:
    """Twelve traffic steps, the longest name, long notes, whatever the status."""
    config = make_config(tmp_path).controllers["main"]
    sample = {"at": NOW, "lag": 12.5, "running": 60, "sides": {s.value: {"probes": [9.9]} for s in Side}}
    for status in Status:
        hold = Hold(Reason.ASKED, text, NOW, PEOPLE[0]) if status in (Status.HELD, Status.FAILED) else None
        asked = gate(step, text) if status is Status.WAITING else None
        row = upgrade(step, text, status=status, hold=hold)
        message = render(dashboard(row, asked, sample, config, RULES))
        assert faults(message.text, message.blocks) == []
        assert [label for label in labels(message) if label.endswith("…")] == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("verdict", ["pass", "inconclusive", "fail"])
@pytest.mark.parametrize("step", GATES)
def test_every_card_fits_open_and_decided(step: str, verdict: str, text: str) -> None:
    """Sixty approvers, sixty reasons, sixty figures; and each button comes back with the gate it belongs to."""
    row = upgrade(step, text, status=Status.WAITING)
    message = render(gate_card(row, gate(step, text, verdict=verdict, votes=VOTES), RULES))
    assert faults(message.text, message.blocks) == []
    elements = next(block for block in message.blocks if block["type"] == "actions")["elements"]
    assert all(json.loads(element["value"])["upgrade"] == row.id for element in elements)
    assert json.loads(elements[0]["value"])["gate"] == f"u7f3a1-{step}-12"
    assert ("ci_upgrade.approve" in [element["action_id"] for element in elements]) is (verdict != "fail")
    for outcome in ("approved", "held", "rolled back", "expired", "superseded"):
        decided = gate(
            step,
            text,
            outcome=outcome,
            decided_by=PEOPLE[1],
            decided_at=NOW + 9,
            reason=text,
            verdict=verdict,
            votes=VOTES,
            over_the_rules=True,
        )
        message = render(gate_card(row, decided, RULES))
        assert faults(message.text, message.blocks) == []
        assert labels(message) == []
