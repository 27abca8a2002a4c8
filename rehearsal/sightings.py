"""What an observer has seen of builds on each side: plain records, filled in by polls. No network, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["Build", "Key", "Run", "Sightings"]

Key = tuple[str, int, int]
"""Job, number, start time in milliseconds: two builds that differ in any of them are two executions."""


@dataclass(frozen=True, slots=True)
class Build:
    """A build as the REST API shows it at one moment."""

    job: str
    """Full name."""
    number: int
    started_ms: int
    duration_ms: int
    """0 while it runs."""
    running: bool
    result: str | None
    ticket: str | None
    """Value of its parameter TICKET."""
    timer: bool
    """Caused by a timer."""

    @property
    def key(self) -> Key:
        return self.job, self.number, self.started_ms

    @property
    def ended_at(self) -> float:
        """Epoch seconds."""
        return (self.started_ms + self.duration_ms) / 1000


@dataclass(slots=True)
class Run:
    """Everything seen of one build."""

    build: Build
    """As seen last."""
    executed_on: set[str] = field(default_factory=set)
    """Sides that were seen executing it. One, unless something went wrong: only finished builds are carried over."""
    finished: dict[str, tuple[float, Build]] = field(default_factory=dict)
    """Side → when it was first seen finished there (epoch seconds), and how."""

    @property
    def executions(self) -> int:
        """How often it was executed, as far as can be seen."""
        ends = {(build.result, build.duration_ms) for _, build in self.finished.values()}
        return max(1, len(self.executed_on), len(ends))


class Sightings:
    """All builds ever seen anywhere."""

    def __init__(self) -> None:
        self._runs: dict[Key, Run] = {}

    def see(self, side: str, at: float, builds: Iterable[Build]) -> None:
        """Note what one side showed at one time (epoch seconds)."""
        for build in builds:
            run = self._runs.setdefault(build.key, Run(build))
            if build.running:
                run.executed_on.add(side)
            elif side not in run.finished:
                run.finished[side] = (at, build)
                run.build = build

    def see_resumed(self, side: str, resumed: Collection[tuple[str, int]]) -> None:
        """Note that a side went on with builds (job, number) after it was started: it executes them, however short."""
        for key, run in self._runs.items():
            if key[:2] in resumed:
                run.executed_on.add(side)

    def runs(self, since_ms: int = 0) -> Iterator[Run]:
        """Builds that started at or after the time, oldest first."""
        return iter(
            sorted(
                (run for run in self._runs.values() if run.build.started_ms >= since_ms),
                key=lambda run: (run.build.started_ms, run.build.job, run.build.number),
            )
        )
