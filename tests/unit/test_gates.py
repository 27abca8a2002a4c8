"""Gates: what a question rests on, and that asking never overrules what people decided meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.gates import evidence_since
from bot.upgrade import Gate, Status
from tests.fakes.world import ANN, Bot, World, make_config
from tests.unit.leading import lead_to


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(World(tmp_path), make_config(tmp_path))


@pytest.mark.parametrize(
    ("command", "status"), [("rollback main", Status.ROLLED_BACK), ("pause main lunch", Status.HELD)]
)
def test_a_decision_between_the_plan_and_the_question_stands(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, command: str, status: Status
) -> None:
    """The question is asked about the row that led to it; one that was changed meanwhile is looked at again."""
    newest_gate = bot.store.newest_gate
    said: list[str] = []

    def meanwhile(upgrade: str, step: str) -> Gate | None:
        found = newest_gate(upgrade, step)
        if step == "gate-25" and found is None and not said:
            said.append(command)
            bot.commands.run(command, ANN)
        return found

    monkeypatch.setattr(bot.store, "newest_gate", meanwhile)
    lead_to(bot, "watch-10")
    bot.settle(60.0)
    assert said
    assert bot.upgrade().status is status


def test_the_last_question_shows_the_soak(bot: Bot) -> None:
    """Retiring cannot be taken back: it is asked about with all that was measured while everything ran on green."""
    gate = lead_to(bot, "gate-retire")
    upgrade = bot.upgrade()
    assert evidence_since(upgrade) == upgrade.records["soak"].started_at
    assert gate is not None
    rows: dict[str, Any] = {row["name"]: row for row in gate.evidence["rows"]}
    assert int(rows["Requests"]["green"]) > 0


def test_the_first_question_shows_the_validation(bot: Bot) -> None:
    lead_to(bot, "gate-10")
    upgrade = bot.upgrade()
    assert evidence_since(upgrade) == upgrade.records["validate"].started_at
