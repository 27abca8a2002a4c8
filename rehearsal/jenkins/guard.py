"""The bot's guard as it acts inside a controller: which requests are refused and which items wait."""

from __future__ import annotations

from dataclasses import dataclass

from rehearsal.jenkins.actions import Actions

__all__ = ["GUARD_FILE", "Guard"]

GUARD_FILE = "init.groovy.d/ci-upgrade-guard.groovy"


@dataclass
class Guard:
    role: str = "owner"
    """``owner``, ``holding`` or ``follower``."""
    upgrade: str | None = None
    busy: tuple[str, ...] = ()
    """Serial jobs that an owner does not start yet."""

    def refuses(self, actions: Actions) -> bool:
        """True when a request must not even enter the queue: timers and SCM polling on a follower."""
        return self.role == "follower" and actions.by_timer

    def reason_to_wait(self, job: str) -> str | None:
        """Why a new build of the job waits in the queue, None when it may start."""
        if self.role == "follower" and job == f"ci-upgrade-smoke-{self.upgrade}":
            return None
        if self.role in ("holding", "follower"):
            return f"Held by ci-upgrade ({self.upgrade}): builds run on the other controller"
        if job in self.busy:
            return f"Held by ci-upgrade ({self.upgrade}): the other controller still runs this job"
        return None
