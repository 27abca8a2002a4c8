"""A Jenkins in memory: a home as a dictionary of files, a queue, timers on minute boundaries, the guard's three roles."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bot.errors import NotStarted, Permanent, Temporary
from bot.model import (
    Agent,
    Boot,
    BuildRef,
    BuildReport,
    FinishedBuild,
    GuardState,
    Identity,
    Inventory,
    ItemConfig,
    ItemConfigs,
    Job,
    NodeSet,
    Plugin,
    Probe,
    QueueItem,
    RecentLog,
    Role,
    RunningBuild,
    Submission,
)
from tests.fakes.timing import VirtualClock

__all__ = ["Execution", "FakeJenkins"]

GUARD_FILE = "init.groovy.d/ci-upgrade-guard.groovy"


@dataclass(frozen=True)
class Execution:
    """One build that really started somewhere."""

    side: str
    job: str
    number: int
    ticket: str
    started: float


@dataclass
class _Build:
    job: str
    number: int
    ticket: str
    started: float
    ends: float


@dataclass
class FakeJenkins:
    """Implements :class:`bot.ports.Jenkins`. ``executions`` is shared by all instances of a world: what really ran."""

    name: str
    version: str
    clock: VirtualClock
    files: dict[str, bytes]
    executions: list[Execution]
    duration: float = 1.0
    running: bool = False
    reachable: bool = True
    role: Role = Role.OWNER
    upgrade: str | None = None
    busy: tuple[str, ...] = ()
    started_at: float = 0.0
    queue_items: list[QueueItem] = field(default_factory=list)
    visible: set[tuple[str, int]] = field(default_factory=set)
    live_builds: list[_Build] = field(default_factory=list)
    next_item: int = 1
    node_set: NodeSet = field(default_factory=lambda: NodeSet({}, {}, 2))
    listens_at: int = -1
    """For TCP agents; -1: nowhere."""
    last_minute: int = 0
    connected: tuple[Agent, ...] = ()
    given_options: frozenset[str] = frozenset()
    free_disk_bytes: int = 10**12
    refusal: str | None = None
    """What every request but the probes is answered with: a token that does not count any more, a broken script console."""
    edited: dict[str, int] = field(default_factory=dict)
    """Job → when its configuration was written last (ms); not among these: before all that counts here."""

    # ---- the world's side

    def start(self) -> None:
        if self.running:
            return
        self.running, self.started_at = True, self.clock.now()
        self.last_minute = math.floor(self.clock.now() / 60)
        guard = self.files.get(GUARD_FILE)
        self.role = Role.FOLLOWER if guard else Role.OWNER
        self.visible = {(job, number) for job, number in self._on_disk() if job in self._jobs()}
        self.queue_items = []
        if "jenkins.yaml" in self.files:  # configuration as code
            self.node_set = NodeSet({"agent-1": "<slave/>"}, {"k8s": "<cloud/>"}, 4)

    def stop(self) -> None:
        self.running = False
        self.live_builds = []

    def trigger(self, job: str, ticket: str) -> None:
        """A person or webhook asks for a build here."""
        self._enqueue(job, ticket, timer=False)
        self.work(self.clock.now())

    def configure(self, job: str, xml: str) -> None:
        """A person makes or changes a job; written again as it is, nothing happens."""
        path = f"jobs/{job}/config.xml"
        if self.files.get(path) != xml.encode():
            self.files[path] = xml.encode()
            self.edited[job] = int(self.clock.now() * 1000)
        self.files.setdefault(f"jobs/{job}/nextBuildNumber", b"1")

    def delete_job(self, job: str) -> None:
        """With its builds."""
        self.files = {path: text for path, text in self.files.items() if not path.startswith(f"jobs/{job}/")}
        self.visible = {(name, number) for name, number in self.visible if name != job}
        self.edited.pop(job, None)

    def work(self, now: float) -> None:
        """Let time have its effect: timers fire, builds end, waiting items start."""
        if not self.running:
            return
        minute = math.floor(now / 60)
        if minute > self.last_minute:
            self.last_minute = minute
            if self.role is not Role.FOLLOWER:
                for job in self._jobs():
                    if job.startswith("timer"):
                        self._enqueue(job, f"{job}@{minute}", timer=True)
        for build in [build for build in self.live_builds if build.ends <= now]:
            self.live_builds.remove(build)
            directory = f"jobs/{build.job}/builds/{build.number}"
            text = f"<build><t>{build.ticket}</t><s>{build.started}</s><e>{build.ends}</e><result>SUCCESS</result></build>"
            self.files[f"{directory}/build.xml"] = text.encode()
            self.visible.add((build.job, build.number))
        if self.role is Role.OWNER:
            for item in list(self.queue_items):
                if item.job in self.busy or any(
                    b.job == item.job and b.job.startswith("serial") for b in self.live_builds
                ):
                    continue
                self.queue_items.remove(item)
                self._begin(item.job, item.actions, now)

    def tickets(self) -> list[str]:
        """Tickets of all builds in the history that users see here."""
        return [self._field(job, number, "t") for job, number in sorted(self.visible)]

    def _begin(self, job: str, ticket: str, now: float) -> None:
        number = int(self.files[f"jobs/{job}/nextBuildNumber"])
        self.files[f"jobs/{job}/nextBuildNumber"] = str(number + 1).encode()
        self.files[f"jobs/{job}/builds/{number}/log"] = b"Started"
        self.live_builds.append(_Build(job, number, ticket, now, now + self.duration))
        self.executions.append(Execution(self.name, job, number, ticket, now))

    def _enqueue(self, job: str, ticket: str, *, timer: bool, relay: str | None = None) -> None:
        now_ms = int(self.clock.now() * 1000)
        self.queue_items.append(
            QueueItem(self.next_item, job, now_ms, timer, ticket, "timer" if timer else "ann", relay)
        )
        self.next_item += 1

    def _jobs(self) -> list[str]:
        there = {path.split("/")[1] for path in self.files if path.endswith("/nextBuildNumber")}
        return sorted(there - self.unreadable)

    def _on_disk(self) -> list[tuple[str, int]]:
        paths = [path.split("/") for path in self.files if path.endswith("/build.xml")]
        return [(parts[1], int(parts[3])) for parts in paths]

    def _field(self, job: str, number: int, tag: str) -> str:
        text = self.files[f"jobs/{job}/builds/{number}/build.xml"].decode()
        return text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]

    def _answer(self) -> None:
        if not self.reachable:
            raise Temporary(f"{self.name} does not answer")
        if not self.running:
            raise NotStarted(f"{self.name} is not running")
        if self.refusal:
            raise Permanent(self.refusal)

    # ---- the port: looking

    def boot(self) -> Boot:
        self._answer()
        return Boot(self.version, f"boot-{self.started_at}")

    def identity(self) -> Identity:
        self._answer()
        now_ms = int(self.clock.now() * 1000)
        started_ms = int(self.started_at * 1000)
        return Identity(
            self.version,
            "17.0.1",
            "/home",
            "http://ci.example.com/",
            2,
            self.listens_at,
            False,
            "bot",
            True,
            self.free_disk_bytes,
            10**9,
            now_ms,
            started_ms,
        )

    def inventory(self) -> Inventory:
        self._answer()
        # By directory, as the script does: also those of builds that run or were cut off.
        paths = [path.split("/") for path in self.files if path.startswith("jobs/") and "/builds/" in path]
        begun = {(parts[1], int(parts[3])) for parts in paths} | {(b.job, b.number) for b in self.live_builds}
        jobs = tuple(
            Job(
                name,
                "job",
                False,
                int(self.files[f"jobs/{name}/nextBuildNumber"]),
                sum(job == name for job, _ in begun),
            )
            for name in self._jobs()
        )
        return Inventory(jobs, (), ("all",), (), (), self.users(), self.plugins(), {}, {}, 0)

    def users(self) -> tuple[str, ...]:
        self._answer()
        return ("bot",)

    def plugins(self) -> tuple[Plugin, ...]:
        self._answer()
        return tuple(
            Plugin(path.removeprefix("plugins/").removesuffix(".jpi"), content.decode(), True, True, "2.346")
            for path, content in sorted(self.files.items())
            if path.startswith("plugins/") and path.endswith(".jpi")
        )

    def options(self, names: Collection[str]) -> frozenset[str]:
        self._answer()
        return self.given_options & frozenset(names)

    def agents(self) -> tuple[Agent, ...]:
        return self.connected

    def log(self, since_ms: int) -> RecentLog:
        return RecentLog(())

    def probe(self, path: str) -> Probe:
        return Probe(path, 200, 0.01) if self.running and self.reachable else Probe(path, 0, 1.0)

    # ---- the port: ownership

    def guard(self) -> GuardState:
        self._answer()
        return GuardState(self.role, self.upgrade, GUARD_FILE in self.files, self.busy, 0)

    def take_role(self, role: Role, upgrade: str, busy: Sequence[str] = ()) -> GuardState:
        self._answer()
        self.role, self.upgrade, self.busy = role, upgrade, tuple(busy)
        if role is Role.FOLLOWER:
            self.files[GUARD_FILE] = b"follower"
        elif role is Role.OWNER:
            self.files.pop(GUARD_FILE, None)
        self.work(self.clock.now())
        return self.guard()

    def queue(self) -> tuple[QueueItem, ...]:
        self._answer()
        return tuple(self.queue_items)

    def submit(self, item: QueueItem, relay: str, origin: str) -> Submission:
        self._answer()
        if any(waiting.relay == relay for waiting in self.queue_items) or relay in self.relayed:
            return Submission("exists", "")
        self.relayed.add(relay)
        self._enqueue(item.job, item.actions, timer=item.timer, relay=relay)
        self.work(self.clock.now())
        return Submission("submitted", "")

    relayed: set[str] = field(default_factory=set)

    def cancel(self, ids: Sequence[int]) -> None:
        self._answer()
        self.queue_items = [item for item in self.queue_items if item.id not in ids]

    def builds(self, since_ms: int, watched: Sequence[BuildRef]) -> BuildReport:
        self._answer()
        wanted = {(ref.job, ref.number) for ref in watched}
        finished = []
        for job, number in sorted(self.visible):
            started = int(float(self._field(job, number, "s")) * 1000)
            if started >= since_ms or (job, number) in wanted:
                ended = int(float(self._field(job, number, "e")) * 1000)
                finished.append(
                    FinishedBuild(job, number, f"jobs/{job}/builds/{number}", "SUCCESS", started, ended)
                )
        running = [
            RunningBuild(b.job, b.number, int(b.started * 1000), b.job.startswith("serial"))
            for b in self.live_builds
        ]
        return BuildReport(int(self.clock.now() * 1000), tuple(finished), tuple(running))

    def reload(self, jobs: Sequence[str]) -> tuple[str, ...]:
        self._answer()
        there = [job for job in jobs if job in self._jobs()]
        on_disk = [(job, number) for job, number in self._on_disk() if job in there]
        self.visible |= set(on_disk)
        # A job that is read anew sees that builds have come in, and goes on above them.
        self.numbers({job: number + 1 for job, number in sorted(on_disk)})
        return tuple(job for job in jobs if job not in there)

    def numbers(self, at_least: Mapping[str, int]) -> Mapping[str, int]:
        self._answer()
        for job, number in at_least.items():
            if job in self._jobs():
                current = int(self.files[f"jobs/{job}/nextBuildNumber"])
                self.files[f"jobs/{job}/nextBuildNumber"] = str(max(current, number)).encode()
        return {job: int(self.files[f"jobs/{job}/nextBuildNumber"]) for job in self._jobs()}

    def job_directories(self) -> Mapping[str, str]:
        self._answer()
        return {f"jobs/{job}": job for job in self._jobs()}

    def item_configs(self, since_ms: int, known: Collection[str] | None = None) -> ItemConfigs:
        self._answer()
        changed = tuple(
            ItemConfig(job, at, self.files[f"jobs/{job}/config.xml"].decode())
            for job, at in sorted(self.edited.items())
            if at >= since_ms
        )
        return ItemConfigs(int(self.clock.now() * 1000), tuple(self._jobs()), changed)

    def write_items(self, items: Sequence[ItemConfig]) -> None:
        self._answer()
        refused = [item.name for item in items if item.name in self.unreadable]
        for item in items:
            if item.name not in refused:
                self.configure(item.name, item.xml)
        if refused:
            raise Permanent(f"{len(refused)} jobs or folders could not be configured: {', '.join(refused)}")

    unreadable: set[str] = field(default_factory=set)
    """Jobs of a kind that this release does not know."""

    def delete_items(self, names: Sequence[str]) -> None:
        self._answer()
        for name in names:
            self.delete_job(name)

    def nodes(self) -> NodeSet:
        self._answer()
        return self.node_set

    def add_nodes(self, nodes: NodeSet) -> None:
        self._answer()
        have = self.node_set
        self.node_set = NodeSet(
            {**have.nodes, **nodes.nodes}, {**have.clouds, **nodes.clouds}, nodes.executors
        )
        if nodes.agent_port is not None:
            self.listens_at = nodes.agent_port

    def withdraw_nodes(self) -> tuple[str, ...]:
        self._answer()
        self.node_set = NodeSet({}, {}, self.node_set.executors)
        return ()

    def ensure_secret_key(self) -> None:
        self._answer()
        self.files.setdefault("secrets/hudson.util.Secret", b"key")
