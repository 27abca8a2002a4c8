"""Which jobs a seeded controller has and what each is for, asked of the controller itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

__all__ = ["CANARY", "HOOKED", "Catalogue", "arrange", "job_path"]

CANARY = "canary"
"""Its builds measure how long a new build waits. It must lie on an owner route."""
HOOKED = "app-1"
"""What webhooks trigger. It must lie on an owner route."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Full names of jobs. Every job but the timers takes the parameter TICKET and cannot fail by itself."""

    timers: tuple[str, ...]
    """Started by ``* * * * *``."""
    serial: tuple[str, ...]
    """One build at a time."""
    concurrent: tuple[str, ...]
    canary: bool
    hooked: bool

    @property
    def browsable(self) -> tuple[str, ...]:
        """Jobs that do not lie on an owner route."""
        return (*self.timers, *self.serial, *self.concurrent)


def arrange(names: Iterable[str]) -> Catalogue:
    """By the names that the seed gives."""
    ordered = sorted(names)

    def kind(*prefixes: str) -> tuple[str, ...]:
        return tuple(name for name in ordered if name.rpartition("/")[2].startswith(prefixes))

    return Catalogue(
        timers=kind("timer-"),
        serial=kind("serial-"),
        concurrent=tuple(name for name in kind("app-", "pipe-") if name != HOOKED),
        canary=CANARY in ordered,
        hooked=HOOKED in ordered,
    )


def job_path(name: str) -> str:
    """``team-a/app-2`` → ``/job/team-a/job/app-2/``"""
    return "".join(f"/job/{quote(part)}" for part in name.split("/")) + "/"
