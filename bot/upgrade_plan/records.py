"""An upgrade's plan as records, and as JSON for programs. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.plugins import PluginPlan

__all__ = ["AgentLine", "Estimate", "Finding", "Level", "RuleLine", "Source", "UpgradePlan"]

Level = Literal["blocker", "warning", "info", "ok"]
"""Must be done first, should be looked at, is good to know, is fine."""
LEVELS: tuple[Level, ...] = ("blocker", "warning", "info", "ok")


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    name: str
    text: str
    """A sentence; for a blocker also what to do about it."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of the upgrade guide that this upgrade hits."""

    id: str
    level: Level
    """``ok`` also when the plan itself does what the rule asks for."""
    subjects: tuple[str, ...]
    """Plugins or options that it is about."""
    text: str
    link: str
    planned: bool = False
    """True: the plan does what it asks for."""


@dataclass(frozen=True, slots=True)
class AgentLine:
    name: str
    online: bool
    java: str | None
    remoting: str | None
    faults: tuple[str, ...] = ()
    """What does not fit the target."""


@dataclass(frozen=True, slots=True)
class Estimate:
    phase: str
    seconds: float | None
    """None: nothing to estimate it from yet."""
    basis: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where the plugin data came from."""

    origin: str
    age_seconds: float
    stale: str | None = None
    """Why an older copy is used."""


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    controller: str
    source: str
    """The running release; empty when the controller could not be asked."""
    target: str
    hops: tuple[str, ...]
    """Releases to go through, the target last. More than one: each is an upgrade of its own."""
    findings: tuple[Finding, ...]
    plugins: PluginPlan
    rules: tuple[RuleLine, ...] = ()
    agents: tuple[AgentLine, ...] = ()
    java: Mapping[str, Any] = field(default_factory=dict)
    """``controller``: what it runs on; ``available``: feature versions for green; ``needed``: hop → feature versions."""
    disk: Mapping[str, int | None] = field(default_factory=dict)
    """Bytes: ``backups_free``, ``homes_free``, ``home``, ``last_archive``, ``plugin_downloads``."""
    estimates: tuple[Estimate, ...] = ()
    updates: Source | None = None
    """None: no update centre could be asked."""
    traffic: tuple[int | str, ...] = ()

    def all_findings(self) -> tuple[Finding, ...]:
        """Also those of rules and plugins; what needs a human first."""
        everything = [
            *self.findings,
            *(Finding(rule.level, _about(rule), f"{rule.text} {rule.link}") for rule in self.rules),
            *(Finding(note.level, f"Plugin {note.plugin}", note.text) for note in self.plugins.notes),
        ]
        return tuple(sorted(everything, key=lambda finding: LEVELS.index(finding.level)))

    @property
    def blockers(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.all_findings() if finding.level == "blocker")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.all_findings() if finding.level == "warning")

    def to_json(self) -> dict[str, Any]:
        """For ``ci-upgrade plan --json``; keys are stable."""
        fixable = sum(line.fixable for line in self.plugins.left)
        return {
            "controller": self.controller,
            "source": self.source or None,
            "target": self.target,
            "ready": not self.blockers,
            "hops": list(self.hops),
            "blockers": [dataclasses.asdict(finding) for finding in self.blockers],
            "warnings": [dataclasses.asdict(finding) for finding in self.warnings],
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
            "rules": [dataclasses.asdict(rule) for rule in self.rules],
            "plugins": {
                "known": self.plugins.known,
                "changes": [
                    {
                        "name": change.name,
                        "from": change.current,
                        "to": change.version,
                        "stage": change.stage.value,
                        "reasons": list(change.reasons),
                        "bytes": change.release.size,
                        "sha256": change.release.sha256,
                    }
                    for change in self.plugins.changes
                ],
                "kept": dict(self.plugins.kept),
                "notes": [dataclasses.asdict(note) for note in self.plugins.notes],
            },
            "advisories": {
                "fixed": [dataclasses.asdict(line) for line in self.plugins.fixed],
                "left": [dataclasses.asdict(line) for line in self.plugins.left],
                "left_fixable": fixable,
            },
            "update_centre": dataclasses.asdict(self.updates) if self.updates else None,
            "java": dict(self.java),
            "agents": [dataclasses.asdict(agent) for agent in self.agents],
            "disk": dict(self.disk),
            "durations": [dataclasses.asdict(estimate) for estimate in self.estimates],
            "traffic": list(self.traffic),
        }


def _about(rule: RuleLine) -> str:
    return f"Upgrade guide ({', '.join(rule.subjects)})" if rule.subjects else "Upgrade guide"
