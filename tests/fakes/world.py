"""One controller's world in memory, and a bot that lives in it: killed and started again at will."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapters.sqlite_store import SqliteStore
from bot.announcer import Announcer
from bot.commands import Actor, BotCommands
from bot.config import Config, ControllerConfig, parse
from bot.content import Content
from bot.context import Contexts, CrashPoint, Services
from bot.engine import Engine
from bot.errors import ChangedByHand, Permanent, Temporary
from bot.gates import Gates
from bot.messages import shown_on_card
from bot.model import (
    BackupRecord,
    Chart,
    Core,
    Histogram,
    Instance,
    InstanceState,
    RouterState,
    Side,
    Traffic,
)
from bot.plugins import Policy
from bot.ports import Selection, Stop, UpdateCentre
from bot.series import Series
from bot.upgrade import Gate, Upgrade
from bot.watching import Watcher
from bot.workers import Drive, Run
from tests.fakes.jenkins import Execution, FakeJenkins
from tests.fakes.timing import VirtualClock, VirtualScheduler

__all__ = ["AGENT_PORT", "ANN", "BOB", "Bot", "Killed", "World", "make_config"]

ANN = Actor("U0ANN", "ann", "C0CIOPS")
BOB = Actor("U0BOB", "bob", "C0CIOPS")
JOBS = ("app", "serial", "timer")
AGENT_PORT = 50_000
"""Where blue listens for TCP agents."""
START = 1_800_000_010.0
"""Ten seconds into a minute."""


class Killed(BaseException):
    """What a crash point raises in these tests: nothing in the bot may catch it."""


@dataclass
class FakeEnvironment:
    """Implements :class:`bot.ports.Environment`."""

    world: World

    def core(self, version: str, like: Instance) -> Core:
        return Core(version, f"jenkins-{version}.war", (17, 21))

    def state(self, instance: Instance) -> InstanceState:
        jenkins = self.world.instances.get(instance.name)
        return InstanceState(bool(jenkins and jenkins.running), jenkins is not None, 10**8, 1.0, 0, 10**12)

    def home_bytes(self, instance: Instance) -> int:
        return sum(len(content) for content in self.world.instances[instance.name].files.values())

    def memory_available_bytes(self, like: Instance) -> int | None:
        return 10**9

    def fetch(self, version: str, like: Instance, progress: Callable[[str], None]) -> Core:
        return self.core(version, like)

    def create(self, name: str, like: Instance, version: str, queue_id: str) -> Instance:
        instance = Instance(name, version, f"http://{name}", name)
        self.world.add(instance, {})
        return instance

    def start(self, instance: Instance) -> None:
        self.world.instances[instance.name].start()

    def expose(self, instance: Instance, like: Instance) -> None:
        self.world.exposed.add(instance.name)

    def agent_port(self, instance: Instance, like: int) -> int:
        return like + 1

    def address(self, instance: Instance) -> str:
        return instance.url

    def stop(self, instance: Instance) -> None:
        if instance.name in self.world.instances:
            self.world.instances[instance.name].stop()

    def remove(self, instance: Instance) -> None:
        self.world.instances.pop(instance.name, None)

    def read_home(
        self, instance: Instance, selection: Selection, skipped: Callable[[str, str], None]
    ) -> Iterator[bytes]:
        if instance.name not in self.world.instances:
            raise Permanent(f"there is no {instance.name}")
        files = self.world.instances[instance.name].files
        paths = [
            path
            for root in selection.roots
            for path in sorted(files, key=lambda path: path.endswith(selection.last or ("\0",)))
            if (root in ("", path) or path.startswith(root + "/")) and selection.keep(path, False)
        ]
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for path in paths:
                member = tarfile.TarInfo(path)
                member.size = len(files[path])
                tar.addfile(member, io.BytesIO(files[path]))
        yield buffer.getvalue()

    def write_home(self, instance: Instance, chunks: Iterable[bytes]) -> None:
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    self.world.instances[instance.name].files[member.name.removeprefix("./")] = content.read()

    def logs(self, instance: Instance, lines: int) -> str:
        return "the log"


@dataclass
class FakeBackups:
    """Implements :class:`bot.ports.Backups`."""

    archives: dict[str, tuple[BackupRecord, bytes]] = field(default_factory=dict)

    def write(
        self, id: str, controller: str, version: str, chunks: Iterable[bytes], skipped: Mapping[str, str]
    ) -> BackupRecord:
        data = b"".join(chunks)
        record = BackupRecord(
            id, controller, version, START, 1, len(data), len(data), "sha", False, dict(skipped)
        )
        self.archives[id] = (record, data)
        return record

    def verify(self, id: str, stop: Stop | None = None) -> BackupRecord:
        return self.archives[id][0]

    @contextmanager
    def read(self, id: str) -> Iterator[Iterator[bytes]]:
        yield iter([self.archives[id][1]])

    def get(self, id: str) -> BackupRecord | None:
        return self.archives[id][0] if id in self.archives else None

    def list(self) -> tuple[BackupRecord, ...]:
        return tuple(record for record, _ in self.archives.values())

    def remove(self, id: str) -> None:
        self.archives.pop(id, None)

    def free_bytes(self) -> int:
        return 10**12


@dataclass
class FakeRouter:
    """Implements :class:`bot.ports.Router`."""

    state: RouterState | None = None
    history: list[RouterState] = field(default_factory=list)
    counts: dict[Side, list[int]] = field(default_factory=lambda: {Side.BLUE: [0, 0], Side.GREEN: [0, 0]})

    silent: str | None = None
    """A sentence about the half of the router that does not answer."""
    behind: bool = False
    """That half has missed a change."""
    by_hand: bool = False
    """Somebody made something of it that no state says."""
    looks: int = 0
    """How often it was read."""

    def apply(self, state: RouterState) -> None:
        if self.silent:
            raise Temporary(self.silent)
        if state != self.state:
            self.history.append(state)
        self.state = state
        self.behind = self.by_hand = False

    def apply_where_possible(self, state: RouterState) -> tuple[str, ...]:
        silent, self.silent = self.silent, None
        self.apply(state)
        self.silent = silent
        self.behind = silent is not None
        return (silent,) if silent else ()

    def read(self) -> RouterState:
        self.looks += 1
        if self.silent:
            raise Temporary(self.silent)
        if self.by_hand:
            raise ChangedByHand("the router was changed by hand")
        if self.behind:
            raise Permanent("the halves differ")
        if self.state is None:
            raise Permanent("the router is not configured")
        return self.state

    def traffic(self) -> Mapping[Side, Traffic]:
        for counts in self.counts.values():
            counts[0] += 10
        return {side: Traffic(total, bad, Histogram((), ())) for side, (total, bad) in self.counts.items()}

    def close_owner_connections(self, side: Side) -> None:
        """Nothing long-lived here."""


class World:
    """Two sides, their builds, the router, the workspace's groups: everything that outlives the bot."""

    def __init__(self, directory: Path, clock: VirtualClock | None = None) -> None:
        """Worlds that share a clock live at one time."""
        self.directory = directory
        self.clock = clock or VirtualClock(START)
        self.executions: list[Execution] = []
        self.instances: dict[str, FakeJenkins] = {}
        self.environment = FakeEnvironment(self)
        self.backups = FakeBackups()
        self.router = FakeRouter()
        self.updates: UpdateCentre | None = None
        self.plugin_policy = Policy()
        self.triggered: list[str] = []
        self.exposed: set[str] = set()
        self.groups: dict[str, set[str]] = {}
        """User group or channel → its members; Slack answers for no other."""
        self.without_the_bot: set[str] = set()
        """Channels that it was not invited to."""
        self.said: dict[tuple[str, str], Content] = {}
        """(Upgrade, key) of a message → what Slack shows."""
        self.blue = Instance("main-first", "2.426.2", "http://blue", "blue")
        self.add(
            self.blue,
            {f"jobs/{job}/nextBuildNumber": b"1" for job in JOBS} | {"config.xml": b"<hudson></hudson>"},
        )
        self.instances["main-first"].listens_at = AGENT_PORT
        self.instances["main-first"].start()
        self.router.apply(RouterState(self.blue.url, None, 0, Side.BLUE))
        self.clock.listeners.append(self._work)

    def add(self, instance: Instance, files: dict[str, bytes]) -> None:
        if instance.name not in self.instances:
            self.instances[instance.name] = FakeJenkins(
                instance.name, instance.version, self.clock, dict(files), self.executions
            )

    def jenkins(self, instance: Instance) -> FakeJenkins:
        """What is at the instance's address; nobody answers there when it was removed."""
        gone = FakeJenkins(instance.name, instance.version, self.clock, {}, self.executions)
        return self.instances.get(instance.name, gone)

    def members(self, group: str) -> frozenset[str]:
        """Implements :class:`bot.ports.Directory`."""
        if group not in self.groups:
            raise Temporary("Slack does not answer")
        return frozenset(self.groups[group])

    def speaks_in(self, channel: str) -> bool:
        """Implements :class:`bot.ports.Directory`."""
        return channel not in self.without_the_bot

    def green(self) -> FakeJenkins | None:
        return next((jenkins for name, jenkins in self.instances.items() if name != "main-first"), None)

    def trigger(self, job: str, side: str) -> None:
        ticket = f"t{len(self.triggered)}"
        self.triggered.append(ticket)
        target = self.instances["main-first"] if side == "blue" else self.green()
        assert target is not None, "there is a green to click on"
        target.trigger(job, ticket)

    def owners(self) -> list[str]:
        from bot.model import Role

        return [
            name for name, jenkins in self.instances.items() if jenkins.running and jenkins.role is Role.OWNER
        ]

    def _work(self, now: float) -> None:
        for jenkins in self.instances.values():
            jenkins.work(now)


class InlineWorkers:
    """Implements :class:`bot.workers.Workers` without threads: the test says when."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._woken: dict[str, Run] = {}
        self._driving: dict[str, Run] = {}

    def wake(self, upgrade: str) -> None:
        self._woken.setdefault(upgrade, Run())

    def interrupt(self, upgrade: str) -> None:
        if upgrade in self._driving:
            self._driving[upgrade].interrupt()
        self.wake(upgrade)

    def close(self) -> None:
        """There is nothing to stop."""

    def run(self) -> None:
        while self._woken:
            upgrade, run = self._woken.popitem()
            self._driving[upgrade] = run
            try:
                self._drive(upgrade, run)
            finally:
                del self._driving[upgrade]


class Bot:
    """A bot process in the world; make another one on the same world for a restart."""

    def __init__(
        self,
        world: World,
        config: Config,
        crash_point: CrashPoint = lambda _moment, _point: None,
        others: Mapping[str, World] | None = None,
    ) -> None:
        """``others``: worlds of controllers beside ``main``, on the same clock."""
        self.world = world
        self.store = SqliteStore(world.directory / "state.db")
        self.scheduler = VirtualScheduler(world.clock)
        worlds = {"main": world, **(others or {})}
        # A configuration may have renamed the only controller; the world of an old upgrade is still there.
        first = next(iter(config.controllers.values()))
        services = {
            name: _services(name, one, config.controllers.get(name, first)) for name, one in worlds.items()
        }
        announcer = Announcer(self.store, config, _draw, lambda: None)
        gates = Gates(self.store, announcer, world.clock)
        self.watcher = Watcher(gates)
        self.contexts = contexts = Contexts(self.store, services, world.clock, announcer, crash_point)
        self.engine = Engine(
            store=self.store,
            contexts=contexts,
            scheduler=self.scheduler,
            clock=world.clock,
            announcer=announcer,
            gates=gates,
            watcher=self.watcher,
            crash_point=crash_point,
            workers=self._make_workers,
        )
        self.commands = BotCommands(
            config=config,
            store=self.store,
            engine=self.engine,
            gates=gates,
            contexts=contexts,
            announcer=announcer,
            clock=world.clock,
            scheduler=self.scheduler,
            first_instance=lambda name: replace(worlds.get(name, world).blue, version=""),
            directory=world,
        )
        self.engine.start()
        self.commands.start_schedule()

    def _make_workers(self, drive: Drive) -> InlineWorkers:
        self.workers = InlineWorkers(drive)
        return self.workers

    def upgrade(self) -> Upgrade:
        return self.store.history("main", 1)[0]

    def click(self, action: str, gate: Gate, actor: Actor) -> str:
        """Click on the gate's card as it was drawn; returns what the person is told, "" for nothing."""
        shown = shown_on_card(self.store.get(gate.upgrade), gate)
        value = {"upgrade": gate.upgrade} if action == "rollback" else shown
        notice = self.commands.click(action, json.dumps(value), actor)
        return notice.text if notice else ""

    def shown(self) -> dict[str, Content]:
        """Show in Slack everything that is due, in order. Returns what the newest upgrade's messages say, by key."""
        while rows := self.store.due(self.world.clock.now()):
            row = rows[0]
            self.store.sent(row.id, row.generation, row.ts or f"100.{row.id}")
            self.world.said[row.upgrade, row.key] = row.content
        newest = self.upgrade().id
        return {key: content for (upgrade, key), content in self.world.said.items() if upgrade == newest}

    def settle(self, seconds: float = 0.0) -> None:
        """Do everything that is due, now and for some virtual seconds."""
        end = self.world.clock.now() + seconds
        while True:
            self.workers.run()
            self.scheduler.fire_due()
            self.workers.run()
            upcoming = min(self.scheduler.next_time(), end)
            if self.world.clock.now() >= end:
                return
            self.world.clock.move(max(upcoming, self.world.clock.now() + 0.25))


def _services(name: str, world: World, config: ControllerConfig) -> Services:
    return Services(
        name=name,
        config=config,
        first=replace(world.blue, version=""),
        environment=world.environment,
        router=world.router,
        backups=world.backups,
        jenkins=world.jenkins,
        follower_guard=lambda upgrade: f"// guard of {upgrade}",
        ownership=threading.RLock(),
        updates=world.updates,
        plugin_policy=world.plugin_policy,
    )


def _draw(series: Series) -> Chart:
    return Chart(series.title, b"png", series.title)


def make_config(directory: Path, **policy: object) -> Config:
    return parse(
        {
            "state_directory": str(directory),
            "backups": {"directory": str(directory / "backups")},
            "slack": {
                "operators": [ANN.id, BOB.id],
                "approvers": [BOB.id],
                "requester_may_approve": True,  # there is one approver
            },
            "updates": {"watch_hours": 0},
            "controllers": {
                "main": {
                    "url": "http://ci.example.com/",
                    "user": "bot",
                    "token_env": "MAIN_TOKEN",
                    "environment": {
                        "wars": "/wars/{version}.war",
                        "directory": str(directory),
                        "blue": {"url": "http://127.0.0.1:1", "home": "/home", "pid_file": "/pid"},
                    },
                    "router": {"kind": "envoy", "admin": "http://127.0.0.1:1", "resources": str(directory)},
                    "policy": {
                        "observe_seconds": 20,
                        "soak_seconds": 30,
                        "sync_seconds": 2,
                        "sample_seconds": 2,
                        **policy,
                    },
                }
            },
        },
        "test",
    )
