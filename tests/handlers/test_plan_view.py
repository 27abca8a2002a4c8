"""The answer to `plan` in Slack: sixty plugins fit, and what needs a human is never what is cut."""

from __future__ import annotations

import json

import pytest

from bot.plugins import Change, PluginPlan, Release, Stage
from bot.plugins.plan import AdvisoryLine
from bot.upgrade_plan.records import Finding, RuleLine, UpgradePlan
from bot.upgrade_plan.wording import plan_notice
from handlers.views import render
from tests.handlers.block_rules import faults
from tests.handlers.contents import NASTY


def plan(
    changes: int, text: str = "does something that is explained in a sentence of a usual length."
) -> UpgradePlan:
    made = tuple(
        Change(
            f"a-plugin-with-a-long-name-{number}",
            "2.15.3-372.v309620682326",
            Release("x", "2.20.0-411.v6ef8fdee4fe9", "u", "s", "2.479.1"),
            Stage.AFTER,
            ("the upgrade guide for 2.479.1 asks for it",),
        )
        for number in range(changes)
    )
    return UpgradePlan(
        controller="main",
        source="2.426.2",
        target="2.516.3",
        hops=("2.462.3", "2.516.3"),
        findings=(Finding("blocker", "Agents", text), *(Finding("ok", f"Fine {n}", text) for n in range(20))),
        plugins=PluginPlan(made, left=(AdvisoryLine("SECURITY-1", "git", text, "u"),) * 30),
        rules=tuple(
            RuleLine("r", "warning", ("ldap",), text, "https://www.jenkins.io/x/") for _ in range(12)
        ),
        java={"controller": "17.0.1", "available": [17], "needed": {"2.516.3": [17, 21]}},
        traffic=(10, "handover", 100),
    )


@pytest.mark.parametrize("changes", [0, 1, 20, 21, 60])
def test_every_change_is_shown(changes: int) -> None:
    """Within Slack's limits, with the blocker first."""
    message = render(plan_notice(plan(changes)))
    assert faults(message.text, message.blocks) == []
    shown = json.dumps(message.blocks, ensure_ascii=False)
    assert all(f"a-plugin-with-a-long-name-{number} " in shown for number in range(changes))
    told = [
        "*Must be done first*", "Agents", "*To look at*", "Upgrade guide", "*What changes*", "Plugins:", "*Checked and fine*",
    ]  # fmt: skip
    assert sorted(told, key=shown.index) == told


@pytest.mark.parametrize("data", NASTY)
def test_no_text_makes_a_plan_that_slack_refuses(data: str) -> None:
    """Whatever a controller or an update centre says."""
    message = render(plan_notice(plan(60, NASTY[data])))
    assert faults(message.text, message.blocks) == []
