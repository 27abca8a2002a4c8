"""The words of the product as frozen records. No I/O, no clock.

Stored values of the enums are stable: rows written by an older release are read by a newer one.
Times are seconds since the epoch (float, UTC). Sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "NEVER_MS",
    "Agent",
    "BackupRecord",
    "Boot",
    "BuildRef",
    "BuildReport",
    "Chart",
    "Core",
    "Dependency",
    "FinishedBuild",
    "GuardState",
    "Histogram",
    "Identity",
    "Instance",
    "InstanceState",
    "Inventory",
    "ItemConfig",
    "ItemConfigs",
    "Job",
    "LogRecord",
    "NodeSet",
    "Phase",
    "Plugin",
    "Probe",
    "QueueItem",
    "RecentLog",
    "Role",
    "RouterState",
    "RunningBuild",
    "Side",
    "Submission",
    "Traffic",
]

NEVER_MS = 1 << 52
"""Later than any change and any build: with it only the names of all items, or the builds that are asked for, are told."""


class Side(StrEnum):
    """Which of the two instances: the running one or the upgraded parallel one."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Side:
        return Side.GREEN if self is Side.BLUE else Side.BLUE


class Role(StrEnum):
    """What the guard makes of an instance."""

    OWNER = "owner"
    """No guard: builds, timers and triggers run."""
    HOLDING = "holding"
    """New builds wait in the queue; timers still fire into the queue. The first second of a handover."""
    FOLLOWER = "follower"
    """New builds wait in the queue (to be relayed); timers and SCM polling are refused."""


class Phase(StrEnum):
    PREFLIGHT = "preflight"
    BACKUP = "backup"
    CLONE = "clone"
    UPGRADE = "upgrade"
    VALIDATE = "validate"
    SHIFT = "shift"
    SOAK = "soak"
    RETIRE = "retire"
    ROLLBACK = "rollback"


# ---- instances and their environment -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instance:
    """One installed Jenkins: where it runs and where its home is. What the fields mean beyond that is the environment's."""

    name: str
    """Unique within the environment, for example ``main-u7f3``."""
    version: str
    url: str
    """Address at which the bot and the router reach it directly, without a trailing slash: ``http://127.0.0.1:18001``."""
    home: str
    """A directory (process), or the volume or host directory that holds it (docker)."""
    agent_port: int | None = None
    """TCP port at that address where agents are to reach it, None when they do not."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What the environment needs to find it again (pid file, container id). Never secrets."""


@dataclass(frozen=True, slots=True)
class InstanceState:
    running: bool
    exists: bool
    memory_bytes: int | None = None
    cpu_seconds: float | None = None
    """CPU time used since start."""
    restarts: int | None = None
    """How often it came back by itself since it was made."""
    home_bytes_free: int | None = None
    """Free space where homes live."""
    oom_killed: bool = False
    """Its last end was for lack of memory."""


@dataclass(frozen=True, slots=True)
class Core:
    """A Jenkins release that an environment can start."""

    version: str
    reference: str
    """War path or image digest."""
    java: tuple[int, ...] = ()
    """Java feature versions available to run it, empty when unknown."""


# ---- what a Jenkins says ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Boot:
    """Answer of the login page, which needs no credentials."""

    version: str
    boot_id: str
    """``X-Jenkins-Session``: changes with every start."""


@dataclass(frozen=True, slots=True)
class Identity:
    version: str
    java: str
    home: str
    root_url: str
    executors: int
    agent_port: int
    """-1 off, 0 random, else fixed."""
    quieting_down: bool
    user: str
    administrator: bool
    free_disk_bytes: int
    max_memory_bytes: int
    now_ms: int
    """The controller's own clock, milliseconds since the epoch."""
    started_ms: int
    """When the JVM started, by the controller's own clock."""
    builds_directory: str = "${ITEM_ROOTDIR}/builds"
    """Where Jenkins keeps builds, with its variables unexpanded; this is where it keeps them unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """What a plugin needs of another one."""

    name: str
    version: str
    """At least this one."""
    optional: bool = False
    """True: the other one may be missing, but where it is installed it must be new enough."""


@dataclass(frozen=True, slots=True)
class Plugin:
    name: str
    version: str
    enabled: bool = True
    active: bool = True
    required_core: str = ""
    """The core release it was built for; empty when it does not say."""
    dependencies: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    """Full name: ``team/app``."""
    kind: str
    """Java class name."""
    disabled: bool
    next_number: int
    builds: int
    """Finished and running builds on disk."""


@dataclass(frozen=True, slots=True)
class Inventory:
    jobs: tuple[Job, ...]
    folders: tuple[str, ...]
    views: tuple[str, ...]
    nodes: tuple[str, ...]
    credentials: tuple[str, ...]
    """Credential ids, prefixed with their store when not the root one. Never values."""
    users: tuple[str, ...]
    plugins: tuple[Plugin, ...]
    failed_plugins: Mapping[str, str]
    """Name → why it did not load."""
    monitors: Mapping[str, str]
    """Active administrative monitors: id → display name."""
    old_data: int
    """Items that OldData monitors report."""


@dataclass(frozen=True, slots=True)
class Agent:
    name: str
    online: bool
    java: str | None
    remoting: str | None
    launcher: str | None = None
    """Java class name of what starts it; None: unknown."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    at_ms: int
    level: str
    logger: str
    message: str


@dataclass(frozen=True, slots=True)
class RecentLog:
    """What an instance still keeps of its log."""

    records: tuple[LogRecord, ...]
    whole: bool = True
    """False: records of the time asked for were dropped already; they are only in what the process wrote."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One timed request. ``status`` 0 means that no answer came."""

    path: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class GuardState:
    role: Role
    upgrade: str | None
    """Id of the upgrade that installed the guard."""
    persisted: bool
    """True when the guard also stands in ``init.groovy.d``, so that it survives a restart."""
    busy: tuple[str, ...]
    """Serial jobs that an owner does not start because the old owner still runs them (draining)."""
    pending: int
    """Queue items that are about to become builds (assigned to an executor, no number yet)."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    id: int
    job: str
    """Full name of the job."""
    since_ms: int
    """When it was queued, by the controller's clock."""
    timer: bool
    """Caused by a timer or SCM polling and by nothing else."""
    actions: str
    """The item's actions as XStream XML: parameters and causes, secrets encrypted with the home's own key."""
    who: str
    """The causes in one line, for people."""
    relay: str | None
    """The relay id in its causes, if it was relayed here."""
    delay_ms: int = 0
    """What was left of its quiet period, or of the delay that was asked for."""
    awaited_by: str | None = None
    """The build that runs on this controller and waits for this one to end: ``team/app #5``."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Result of handing a queue item to the owner."""

    outcome: str
    """``submitted``, ``exists`` (found by its relay id), ``refused``, ``no-such-job``, ``unreadable`` or ``failed``."""
    detail: str


@dataclass(frozen=True, slots=True)
class BuildRef:
    job: str
    number: int


@dataclass(frozen=True, slots=True)
class FinishedBuild:
    job: str
    number: int
    directory: str
    """Relative to the home: ``jobs/team/jobs/app/builds/12``."""
    result: str
    started_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class RunningBuild:
    job: str
    number: int
    started_ms: int
    serial: bool
    """True when the job does not allow concurrent builds."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    now_ms: int
    finished: tuple[FinishedBuild, ...]
    running: tuple[RunningBuild, ...]


@dataclass(frozen=True, slots=True)
class ItemConfig:
    """One job's or folder's ``config.xml``."""

    name: str
    modified_ms: int
    xml: str


@dataclass(frozen=True, slots=True)
class ItemConfigs:
    now_ms: int
    names: tuple[str, ...]
    """Every job and folder that exists, parents before children."""
    changed: tuple[ItemConfig, ...]
    """Those modified at or after the asked time, parents before children."""


@dataclass(frozen=True, slots=True)
class NodeSet:
    """Agents, clouds, built-in executors and the agent port: what an owner has and a follower has not."""

    nodes: Mapping[str, str]
    """Node name → XStream XML."""
    clouds: Mapping[str, str]
    """Cloud name → XStream XML."""
    executors: int
    """Executors of the built-in node."""
    busy: tuple[str, ...] = ()
    """Nodes on which a build runs at this moment."""
    agent_port: int | None = None
    """Where it has to listen for TCP agents: -1 nowhere, 0 anywhere; None leaves that as it is."""


# ---- router ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RouterState:
    """All that a router holds about one controller. Applied and read back as a whole."""

    blue: str
    """Base URL of the instance, as in :class:`Instance`."""
    green: str | None
    weight: int
    """Session weight: percentage of new sessions sent to green, 0 to 100."""
    owner: Side
    blue_agent_port: int | None = None
    green_agent_port: int | None = None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Cumulative counts of upstream response times, as in Prometheus: ``counts[i]`` requests took at most ``bounds[i]`` seconds."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Cumulative counters of one side since the router started. They may fall to 0 when the router restarts."""

    requests: int
    errors: int
    """5xx answers, including those that the router made because the instance did not answer."""
    latency: Histogram


# ---- backups ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BackupRecord:
    id: str
    """The upgrade's id, or ``manual-<time>``."""
    controller: str
    version: str
    created_at: float
    files: int
    bytes: int
    """Of the files, before compression."""
    archive_bytes: int
    sha256: str
    """Of the archive file."""
    encrypted: bool
    skipped: Mapping[str, str]
    """Path → why: files that vanished or kept changing while they were read."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture for the thread."""

    title: str
    png: bytes
    alt_text: str


JSON = Any
"""A value that ``json.dumps`` takes."""
