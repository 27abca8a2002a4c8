"""What a headless rehearsal reports: the figures, and whether they are good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.judgement import BuildCount, TimerCount

__all__ = ["Summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """All counts are the observer's and the load's; phases and approvals are what the bot itself recorded."""

    status: str
    """completed, rolled_back, held or failed."""
    from_version: str
    to_version: str
    requests_total: int
    requests_failed: int
    builds: BuildCount
    timers: TimerCount
    freeze_seconds: float
    rollback_seconds: float | None
    sync_lag_seconds_max: float
    approvals: int
    kills: int
    phases: Sequence[Mapping[str, Any]]
    slack: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        builds, timers = self.builds, self.timers
        return {
            "status": self.status,
            "from_version": self.from_version,
            "to_version": self.to_version,
            "requests": {"total": self.requests_total, "failed": self.requests_failed},
            "builds": {
                "triggered": builds.triggered,
                "run": builds.run,
                "lost": builds.lost,
                "doubled": builds.doubled,
            },
            "timers": {
                "due": timers.due,
                "fired": timers.fired,
                "missed": timers.missed,
                "doubled": timers.doubled,
            },
            "freeze_seconds": round(self.freeze_seconds, 2),
            "rollback_seconds": None if self.rollback_seconds is None else round(self.rollback_seconds, 2),
            "sync_lag_seconds_max": round(self.sync_lag_seconds_max, 2),
            "approvals": self.approvals,
            "kills": self.kills,
            "phases": [
                {"name": phase["name"], "seconds": phase["seconds"], "outcome": phase["outcome"]}
                for phase in self.phases
            ],
            "slack": {
                key: self.slack.get(key, 0)
                for key in ("acks", "acks_over_3s", "messages", "updates", "doubled")
            },
        }

    def faults(self, wanted: str) -> list[str]:
        """Why it is no success, one sentence each; empty when it is one. ``wanted`` is the status asked for."""
        counts = {
            f"{self.requests_failed} requests failed": self.requests_failed,
            f"{self.builds.lost} builds were lost": self.builds.lost,
            f"{self.builds.doubled} builds ran twice": self.builds.doubled,
            f"{self.timers.missed} timers did not fire": self.timers.missed,
            f"{self.timers.doubled} timers fired twice": self.timers.doubled,
            f"{self.slack.get('doubled', 0)} messages were posted twice": self.slack.get("doubled", 0),
        }
        faults = [sentence for sentence, count in counts.items() if count]
        if self.status != wanted:
            faults.insert(0, f"the upgrade is {self.status}, not {wanted}")
        return faults
