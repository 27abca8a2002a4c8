"""Contents to render: usual ones, and the same with the worst data in every place."""

from __future__ import annotations

import dataclasses
from typing import Any

from bot.content import (
    Announcement,
    Button,
    Confirm,
    Content,
    Dashboard,
    Decision,
    Document,
    Entry,
    EvidenceRow,
    GateCard,
    Notice,
    Part,
    PhaseLine,
    Picture,
)

__all__ = ["NASTY", "USUAL", "dashboard", "gate_card", "worst"]

NOW = 1_764_000_000.0

ROLLBACK = Button(
    "rollback",
    "Roll back",
    '{"upgrade": "u7f3a1"}',
    "danger",
    Confirm("Roll back main?", "All users go back to 2.426.2 at once.", "Roll back", "Keep going"),
    "Roll back the upgrade of main",
)
APPROVE = Button("approve", "Send 25% of sessions to green", '{"upgrade": "u7f3a1", "gate": "g1"}', "primary")


def dashboard(**changes: Any) -> Dashboard:
    usual = Dashboard(
        upgrade="u7f3a1",
        controller="main",
        source="2.426.2",
        target="2.440.1",
        status="waiting",
        tone="warning",
        headline="Waiting for approval from <@U0ANN>; undecided, it is held.",
        requested_by="U0CY",
        started_at=NOW - 600,
        phases=(
            PhaseLine("preflight", "done", 2.1, "12 checks"),
            PhaseLine("backup", "done", 184.0),
            PhaseLine("shift", "waiting", 640.0),
            PhaseLine("soak", "pending"),
            PhaseLine("retire", "pending"),
        ),
        green_weight=10,
        owner="blue",
        facts=(("Sync lag", "0.8 s"),),
        readiness="blue warm (14 ms); back in about 1 s; blue runs all builds",
        checked_at=NOW + 590,
        waiting_since=NOW - 60,
        waiting_until=NOW + 3600,
        next_step="25% of sessions on green",
        buttons=(ROLLBACK,),
    )
    return dataclasses.replace(usual, **changes)


def gate_card(**changes: Any) -> GateCard:
    usual = GateCard(
        upgrade="u7f3a1",
        controller="main",
        question="Send 25% of sessions to green?",
        now="10% of new sessions go to green; blue runs the builds.",
        then="25% of new sessions go to green (2.440.1).",
        verdict="pass",
        reasons=("Errors: 0 of 412 on green, 1 of 3733 on blue.",),
        evidence=(
            EvidenceRow("Requests", "3733", "412"),
            EvidenceRow("Response p50", "12 ms", "14 ms", "40 and 41 probes"),
        ),
        going_back="one click: all sessions on blue in about a second",
        approvers=("U0ANN", "U0BOB"),
        opened_at=NOW,
        expires_at=NOW + 28800,
        buttons=(APPROVE, Button("hold", "Hold", "{}"), ROLLBACK),
    )
    return dataclasses.replace(usual, **changes)


USUAL: dict[str, Content] = {
    "dashboard": dashboard(),
    "dashboard at its end": dashboard(
        status="completed", tone="good", buttons=(), waiting_since=None, waiting_until=None
    ),
    "gate card": gate_card(),
    "gate card, failed": gate_card(
        verdict="fail",
        reasons=("Green answers slower: 41 ms against 12 ms at the median, effect 0.62.",),
        then="25% of new sessions go to green (2.440.1). The comparison failed: going on needs a written reason.",
        evidence=(
            EvidenceRow("Requests", "3733", "412"),
            EvidenceRow("Response p50", "12 ms", "41 ms", "40 and 41 probes"),
        ),
        buttons=(
            Button("override", "Approve all the same…", '{"upgrade": "u7f3a1", "gate": "g1"}'),
            Button("hold", "Hold", "{}"),
            ROLLBACK,
        ),
    ),
    "gate card, one of two": gate_card(
        approvers=("U0ANN", "S0RELEASE"),
        quorum=2,
        votes=("U0BOB",),
        expiry="rollback",
        buttons=(
            APPROVE,
            Button("hold", "Hold", "{}"),
            ROLLBACK,
            Button("break-glass", "Break glass…", '{"upgrade": "u7f3a1", "gate": "g1"}'),
        ),
    ),
    "gate card, over the rules": gate_card(
        quorum=2,
        decision=Decision("approved", "U0ANN", NOW + 60, "a login storm, and nobody else is awake", True),
    ),
    "gate card, approved": gate_card(decision=Decision("approved", "U0BOB", NOW + 60, "looks good")),
    "gate card, expired": gate_card(decision=Decision("expired", None, NOW + 28800)),
    "entry": Entry("Backup – done in 184.2 s", ("1.2 GB", "20311 files"), "good", NOW),
    "picture": Picture("Blue and green so far", "Blue: 14 ms. Green: 15 ms.", "/tmp/a.png"),  # noqa: S108 # only a name
    "document": Document(
        "Validation of main", "18 ok, 1 warnings, 0 blockers", "validation.md", "# Validation"
    ),
    "notice": Notice("There is no command `stat`.", tone="warning"),
    "announcement": Announcement(
        "main runs 2.426.2; the newest LTS is 2.516.3.",
        ("SECURITY-1 (core): Path traversal",),
        "warning",
        (Button("plan", "Plan upgrade", '{"controller": "main", "target": "2.516.3"}'),),
    ),
}

NASTY = {
    "long": "ein sehr langer Name mit vielen Wörtern " * 200,
    "unbroken": "x" * 9000,
    "emoji": "👩‍💻🏳️‍🌈" * 2000,
    "right to left": "שלום עולם مرحبا بالعالم " * 300,
    "markup": "*b* _i_ ~s~ `c` ```\n> q <!channel> <https://evil.example|main> <@U0ANN> & &amp; <script>"
    * 100,
    "entities": "&<>" * 3000,
    "white space": " \n\t\r\u2028 " * 500,
    "empty": "",
    "unpaired surrogate": "\ud83d" * 300,
    "backticks": "`" * 5000,
}


def worst(text: str) -> dict[str, Content]:
    """Every kind with the text wherever a text can stand, and far too many of everything."""
    confirm = Confirm(text, text, text, text)
    buttons = (
        Button("approve", text, text, "primary", None, text),
        *(Button("hold", text, text, "danger", confirm, text) for _ in range(40)),
    )
    many = tuple(text for _ in range(60))
    card = gate_card(
        upgrade=text,
        controller=text,
        question=text,
        now=text,
        then=text,
        verdict="fail",
        reasons=many,
        evidence=tuple(EvidenceRow(text, text, text, text) for _ in range(60)),
        going_back=text,
        approvers=many,
        buttons=buttons,
    )
    states = ("done", "failed", "running", "waiting", "skipped", "pending")
    return {
        "dashboard": dashboard(
            upgrade=text,
            controller=text,
            source=text,
            target=text,
            status=text,
            headline=text,
            requested_by=text,
            phases=tuple(PhaseLine(text, state, 1e7, text) for state in states for _ in range(10)),  # type: ignore[arg-type]  # literals
            facts=tuple((text, text) for _ in range(60)),
            readiness=text,
            next_step=text,
            buttons=buttons,
        ),
        "gate card": card,
        "gate card, decided": dataclasses.replace(card, decision=Decision("held", text, NOW, text)),
        "entry": Entry(text, many, "bad", NOW),
        "picture": Picture(text, text, text),
        "document": Document(text, text, text, text, ((text, text),)),
        "notice": Notice(text, many, "warning", parts=tuple(Part(text, many) for _ in range(9))),
        "announcement": Announcement(text, many, "warning", buttons),
    }
