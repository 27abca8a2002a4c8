"""Upgrades that are to start later. What is stored survives restarts; the timer is armed from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = ["OPEN", "Schedule", "ScheduledStart", "StartStatus"]


class StartStatus(StrEnum):
    WAITING = "waiting"
    """Its time is to come."""
    STARTING = "starting"
    """Somebody (the timer or a click) took it up; nobody else may."""
    ASKING = "asking"
    """Its time is over and it was not started: a human decides."""
    STARTED = "started"
    CANCELLED = "cancelled"


OPEN = frozenset({StartStatus.WAITING, StartStatus.STARTING, StartStatus.ASKING})


@dataclass(frozen=True, slots=True)
class ScheduledStart:
    id: str
    controller: str
    version: str
    at: float
    """Epoch seconds."""
    requested_by: str
    """User id; that this person may start is asked again at its time."""
    requester: str
    """The person's name."""
    channel: str
    created_at: float
    window: str = ""
    """Name of the window that it waits for, empty when a time was named."""
    traffic: tuple[int | str, ...] | None = None
    """None: as configured."""
    plugins: str = ""
    """Empty: as configured."""
    reason: str = ""
    status: StartStatus = StartStatus.WAITING
    note: str = ""
    """Why it was not started."""
    decided_by: str | None = None
    """User id of who cancelled it, or started it after it was asked about."""

    @property
    def upgrade(self) -> str:
        """Id of the upgrade that it becomes: known beforehand, so that it can be made only once."""
        return f"u{self.id.removeprefix('s')}"


class Schedule(Protocol):
    def add_start(self, start: ScheduledStart) -> None:
        """:raises Refused: when the controller has an open one already; the text names it."""

    def scheduled_start(self, id: str) -> ScheduledStart | None: ...

    def open_starts(self) -> tuple[ScheduledStart, ...]:
        """Those that may still start, the earliest first."""

    def change_start(self, start: ScheduledStart, was: StartStatus) -> None:
        """Write it, if its status is still ``was``.

        :raises Conflict: when somebody else was first; nothing is written.
        """
