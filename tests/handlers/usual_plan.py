"""A plan as a usual controller gets it."""

from __future__ import annotations

from bot.plugins import Change, PluginPlan, Release, Stage
from bot.plugins.plan import AdvisoryLine
from bot.upgrade_plan.records import Estimate, Finding, RuleLine, Source, UpgradePlan

__all__ = ["USUAL_PLAN"]


def _change(name: str, current: str, version: str, stage: Stage, reason: str) -> Change:
    return Change(
        name, current, Release(name, version, "https://updates.example", "s", "2.479.1"), stage, (reason,)
    )


USUAL_PLAN = UpgradePlan(
    controller="main",
    source="2.462.3",
    target="2.516.3",
    hops=("2.516.3",),
    findings=(
        Finding(
            "blocker", "Agents", "mac-2 runs Java 11; 2.516.3 needs Java 17 or 21: install one of them there."
        ),
        Finding("warning", "Root URL", "Jenkins says its URL is not set; set it to https://ci.example.com."),
        Finding("ok", "Controller", "main answers with 2.462.3 on Java 17.0.12."),
        Finding(
            "ok", "Router", "it leads to the running instance and sends every session and all builds there."
        ),
        Finding("ok", "Disk", "the backup needs about 4.1 GiB, 61.0 GiB are free."),
    ),
    plugins=PluginPlan(
        changes=(
            _change(
                "ldap", "711.vb_d1a_491714dc", "725.v3cb_b_711b_1a_ef", Stage.BEFORE, "the upgrade guide for 2.479.1 asks for it"
            ),
            _change("git-client", "5.0.1", "6.1.3", Stage.AFTER, "git 5.7.0 needs at least 6.1.0"),
        ),
        kept={f"plugin-{number}": "1" for number in range(58)},
        left=(AdvisoryLine("SECURITY-3430", "html-publisher", "Stored XSS", "https://www.jenkins.io"),),
    ),
    rules=(
        RuleLine(
            "2.504.1-yui",
            "warning",
            ("extended-choice-parameter",),
            "The core no longer brings YUI: look at its forms on green.",
            "https://www.jenkins.io/doc/upgrade-guide/2.504/",
        ),
    ),
    java={"controller": "17.0.12", "available": [21], "needed": {"2.516.3": [17, 21]}},
    estimates=(Estimate("backup", 540.0, "the last upgrade"), Estimate("validate", 120.0, "the last upgrade")),
    updates=Source("updates.jenkins.io", 1800.0),
    traffic=(10, 25, 50, "handover", 100),
)  # fmt: skip
