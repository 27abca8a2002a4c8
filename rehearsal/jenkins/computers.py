"""Nodes and their executors. The built-in node always exists; agents come from ``nodes/<name>/config.xml``."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.jenkins import documents
from rehearsal.jenkins.documents import Element, text_of
from rehearsal.jenkins.items import Job
from rehearsal.jenkins.settings import Settings

__all__ = ["ALWAYS_ONLINE_LAUNCHER", "BUILT_IN", "Computer", "Computers"]

BUILT_IN = "built-in"
ALWAYS_ONLINE_LAUNCHER = "hudson.slaves.CommandLauncher"
"""Agents with this launcher come online with the controller; inbound ones never do: nobody dials in here."""


@dataclass
class Computer:
    name: str
    """Empty for the built-in node."""
    executors: int
    labels: frozenset[str]
    exclusive: bool = False
    launchable: bool = True
    offline_message: str | None = None
    """Set while someone took it offline."""
    description: str = ""
    occupied: dict[int, Job] = field(default_factory=dict)
    """Executor number → the job that runs (or is about to) on it."""
    one_off: list[Job] = field(default_factory=list)
    """Pipelines, which need no executor of their own."""

    @property
    def display_name(self) -> str:
        return self.name or "Built-In Node"

    @property
    def offline(self) -> bool:
        return not self.launchable or self.offline_message is not None

    @property
    def idle(self) -> bool:
        return not self.occupied and not self.one_off

    def free_executor(self) -> int | None:
        return next((number for number in range(self.executors) if number not in self.occupied), None)

    def accepts(self, job: Job) -> bool:
        if self.offline:
            return False
        return self.fits(job.label) if job.label else not self.exclusive

    def fits(self, expression: str) -> bool:
        """Whether its labels satisfy one of those that the expression names, such as ``linux||mac``."""
        return not self.labels.isdisjoint(name.strip() for name in expression.split("||"))


class Computers:
    """All nodes of a controller; changes are written to the home at once."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self._directory = home / "nodes"
        self._settings = settings
        labels = frozenset((BUILT_IN, *settings.labels))
        self.built_in = Computer(
            "",
            settings.executors,
            labels,
            exclusive=settings.mode == "EXCLUSIVE",
            description="the Jenkins controller's built-in node",
        )
        self.agents: dict[str, Computer] = {}
        self._ghosts: dict[str, Computer] = {}
        for entry in sorted(self._directory.iterdir()) if self._directory.is_dir() else ():
            if (entry / "config.xml").exists():
                self._load(documents.read(entry / "config.xml"))

    def all(self) -> list[Computer]:
        """The built-in node first. A removed agent stays in the list until its builds end."""
        self._ghosts = {name: one for name, one in self._ghosts.items() if not one.idle}
        return [self.built_in, *(self.agents[name] for name in sorted(self.agents)), *self._ghosts.values()]

    def find(self, name: str) -> Computer | None:
        if name in ("", "(built-in)", "(master)"):
            return self.built_in
        return self.agents.get(name)

    def offer(self, job: Job) -> tuple[Computer, int] | None:
        """A free executor for the job, agents before the built-in node."""
        for computer in sorted(self.all(), key=lambda one: one is self.built_in):
            number = computer.free_executor()
            if number is not None and computer.accepts(job):
                return computer, number
        return None

    def set_executors(self, count: int) -> None:
        self.built_in.executors = count
        self._settings.set_executors(count)

    def xml(self, name: str) -> str:
        return (self._directory / name / "config.xml").read_text(encoding="utf-8")

    def put(self, name: str, xml: str) -> None:
        """Add or replace an agent.

        :raises ParseError: when the text is not XML.
        """
        root = documents.parse(xml)
        documents.write(self._directory / name / "config.xml", root)
        self._load(root)

    def remove(self, name: str) -> None:
        computer = self.agents.pop(name)
        computer.launchable = False
        self._ghosts[name] = computer
        shutil.rmtree(self._directory / name, ignore_errors=True)

    def _load(self, root: Element) -> None:
        name = text_of(root, "name")
        launcher = root.find("launcher")
        online = launcher is not None and launcher.get("class") == ALWAYS_ONLINE_LAUNCHER
        old = self.agents.get(name)
        computer = old or Computer(name, 0, frozenset())
        computer.executors = int(text_of(root, "numExecutors", "1"))
        computer.labels = frozenset((name, *text_of(root, "label").split()))
        computer.exclusive = text_of(root, "mode") == "EXCLUSIVE"
        computer.description = text_of(root, "description")
        computer.launchable = online
        computer.offline_message = "taken offline" if root.find("temporaryOfflineCause") is not None else None
        self.agents[name] = computer
