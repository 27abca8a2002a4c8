"""What forms and home tabs are drawn from: usual data, and the worst in every place."""

from __future__ import annotations

import json

from bot.commands import ControllerState, LiveUpgrade, OpenGate, Overview, Question, StartChoices
from bot.upgrade import Choice

__all__ = ["CHOICES", "GATES", "LIVE", "OVERVIEW", "gate", "worst_choices", "worst_live", "worst_overview"]

NOW = 1_764_000_000.0

CHOICES = StartChoices(
    controllers=("main", "staging"),
    controller="main",
    running="2.426.2",
    versions=("2.440.1", "2.426.3"),
    traffic=(10, 25, 50, "handover", 100),
)
LIVE = LiveUpgrade(
    "u7f3a1",
    "main",
    "main: 2.426.2 → 2.440.1",
    (
        "All users of main go back to 2.426.2 first of all.",
        "Everything that ran on green is carried to blue.",
    ),
    ("It stops where it is.", "It waits until somebody resumes it or rolls back."),
    ("All users of main go back to 2.426.2 first of all.", "main is not locked afterwards."),
    ("It is held: lunch.", "It goes on with: Backup."),
)


def gate(name: str, upgrade: str) -> OpenGate:
    return OpenGate(
        f"{upgrade}-gate-handover-1",
        f"{name}: Hand builds over to green?",
        (
            "Now: 50% of new sessions go to green; blue runs the builds.",
            "Verdict: pass. Errors: 0 of 412 on green.",
        ),
        json.dumps(
            {
                "upgrade": upgrade,
                "gate": f"{upgrade}-gate-handover-1",
                "step": "gate-handover",
                "source": "2.426.2",
                "target": "2.440.1",
                "evidence": "0123456789abcdef" * 4,
            }
        ),
    )


GATES = (gate("main", "u7f3a1"),)
OVERVIEW = Overview(
    waiting=(Question("u7f3a1", "main", "Send 25% of sessions to green?", NOW, NOW + 28800),),
    controllers=(
        ControllerState(
            "main",
            "2.426.2",
            "2.426.2 → 2.440.1: Waiting for approval.",
            upgrade="u7f3a1",
            behind="5 LTS lines behind",
            advisories="2 published warnings",
            last="2.414.3 → 2.426.2: completed",
            choices=("hold", "rollback"),
        ),
        ControllerState(
            "staging", "2.440.1", "No upgrade is running.", lock="release week, by @ann", next_at=NOW + 86400
        ),
    ),
)


def worst_choices(text: str) -> StartChoices:
    plan = (1, 2, 3, 5, 8, 13, 21, 34, "handover", 55, 89, 100)
    return StartChoices(
        controllers=("main", *(f"{text}{number}" for number in range(300))),
        controller="main",
        running=text,
        versions=tuple(f"2.{number}.1" for number in range(300)),
        traffic=plan * 20,
        obstacle=text,
        windows=tuple((text, NOW) for _ in range(60)),
        plugins=text,
    )


def worst_live(text: str) -> tuple[LiveUpgrade, ...]:
    return tuple(
        LiveUpgrade(f"u{number}", text, text, (text,) * 2, (text,) * 2, (text,) * 2) for number in range(120)
    )


def worst_overview(text: str) -> Overview:
    question = Question("u1", text, text, NOW, NOW, text)
    choices: tuple[Choice, ...] = ("hold", "resume", "rollback")
    state = ControllerState("main", text, text, "u1", text, text, text, text, choices, NOW)
    idle = ControllerState("main", text, text, None, text, text, text, text, (), None)
    return Overview((question,) * 60, (state, idle) * 150)
