"""What the bot needs from the outside world. Adapters implement these; tests run one contract suite per port.

Every verb may raise :class:`bot.errors.Temporary` (no answer, overloaded, still starting) and
:class:`bot.errors.Permanent` (credentials, not found, impossible); other errors are named where they occur.
Verbs that change something are "make it so": calling one again changes nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

from bot.content import Content
from bot.model import (
    Agent,
    BackupRecord,
    Boot,
    BuildRef,
    BuildReport,
    Core,
    GuardState,
    Identity,
    Instance,
    InstanceState,
    Inventory,
    ItemConfig,
    ItemConfigs,
    NodeSet,
    Plugin,
    Probe,
    QueueItem,
    RecentLog,
    Role,
    RouterState,
    Side,
    Submission,
    Traffic,
)
from bot.plugins.records import Catalogue, Release

__all__ = [
    "Backups",
    "Clock",
    "Controller",
    "Environment",
    "Jenkins",
    "Outbox",
    "OutboxRow",
    "Ownership",
    "Router",
    "Scheduler",
    "Selection",
    "Stop",
    "UpdateCentre",
]


class Stop(Protocol):
    """Tells a running phase that it should stop. Long work asks at least once a second."""

    def check(self) -> None:
        """:raises Interrupted: when the phase was told to stop."""

    def wait(self, seconds: float) -> None:
        """Sleep, but wake at once when told to stop.

        :raises Interrupted: when the phase was told to stop.
        """


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""

    def wait(self, event: Event, seconds: float) -> None:
        """Let that much time pass, or less when the event is set."""


class Scheduler(Protocol):
    """Calls a function at a time. Holds nothing that cannot be re-armed from the database."""

    def at(self, key: str, when: float, call: Callable[[], None]) -> None:
        """Call once at ``when`` (seconds since the epoch; at once if past). The same key again replaces it."""

    def every(self, key: str, seconds: float, call: Callable[[], None]) -> None:
        """Call every ``seconds``, never twice at the same time. The same key again replaces it."""

    def cancel(self, key: str) -> None:
        """Forget the key; unknown keys are fine."""


# ---- Jenkins ---------------------------------------------------------------------------------------------------


class Controller(Protocol):
    """Looks at one instance; changes nothing."""

    def boot(self) -> Boot:
        """Who answers at the address, without credentials.

        :raises NotStarted: while the port refuses, or it answers 503.
        """

    def identity(self) -> Identity: ...

    def inventory(self) -> Inventory: ...

    def users(self) -> tuple[str, ...]:
        """As in the inventory, without its look at every job's builds."""

    def plugins(self) -> tuple[Plugin, ...]:
        """Those that loaded and those that are disabled, with the core and the other plugins that each needs."""

    def options(self, names: Collection[str]) -> frozenset[str]:
        """Which of the options its process was started with: system properties, or with ``--`` options of the war. Never values."""

    def agents(self) -> tuple[Agent, ...]: ...

    def log(self, since_ms: int) -> RecentLog:
        """Records of level SEVERE since the time given, as far as the instance keeps them."""

    def probe(self, path: str) -> Probe:
        """One timed GET with the bot's credentials. Never raises: no answer is a probe with status 0."""


class Ownership(Protocol):
    """Moves ownership of builds, timers, queue, numbers and nodes between instances."""

    def guard(self) -> GuardState:
        """Read the role that is in force."""

    def take_role(self, role: Role, upgrade: str, busy: Sequence[str] = ()) -> GuardState:
        """Make the instance owner, holding or follower; returns what is in force afterwards (the read-back).

        A follower's guard also survives a restart; an owner's instance keeps no trace of it. ``busy`` (owner only):
        serial jobs not to start yet because the old owner is still running them.
        """

    def queue(self) -> tuple[QueueItem, ...]:
        """Jobs waiting in the queue, in order; those about to start excluded."""

    def submit(self, item: QueueItem, relay: str, origin: str) -> Submission:
        """Queue the same thing here unless an item or recent build here already carries the relay id.

        ``origin`` is a sentence for people, such as "queued on green by ann".
        """

    def cancel(self, ids: Sequence[int]) -> None:
        """Remove items from the queue; unknown ids are fine."""

    def builds(self, since_ms: int, watched: Sequence[BuildRef]) -> BuildReport:
        """Builds that started at or after ``since_ms`` and are finished, plus those of ``watched`` that are; and all running ones."""

    def reload(self, jobs: Sequence[str]) -> tuple[str, ...]:
        """Make builds that were copied in visible, keeping running ones; for a folder also jobs that were copied in.

        Returns names of jobs and folders that do not exist here, and of jobs that have to be read once more.
        """

    def numbers(self, at_least: Mapping[str, int]) -> Mapping[str, int]:
        """Raise next build numbers, never lower them; returns the next number of every job."""

    def job_directories(self) -> Mapping[str, str]:
        """Directory of each job, relative to the home → its full name; cells of a matrix and Maven modules are among them."""

    def item_configs(self, since_ms: int, known: Collection[str] | None = None) -> ItemConfigs:
        """Names of all jobs and folders, and those that changed; with ``known`` also each that is not among these, whenever it changed:
        renaming leaves the time of a configuration as it was."""

    def write_items(self, items: Sequence[ItemConfig]) -> None:
        """Create or reconfigure jobs and folders, in the order given (parents first)."""

    def delete_items(self, names: Sequence[str]) -> None:
        """Remove jobs and folders; unknown names are fine."""

    def nodes(self) -> NodeSet: ...

    def add_nodes(self, nodes: NodeSet) -> None:
        """Add or replace nodes, clouds and built-in executors; listen for TCP agents.

        :raises Permanent: when something was not taken over, such as a port that another program listens at.
        """

    def withdraw_nodes(self) -> tuple[str, ...]:
        """Remove clouds and every node that runs no build, so that its agent comes back at the owner.

        While a build runs that may ask for nodes again (a Pipeline), clouds stay, and nodes whose agents are launched from here.
        Returns the nodes that stay.
        """

    def ensure_secret_key(self) -> None:
        """Make the lazily created key of ``hudson.util.Secret`` exist, so that it travels with the backup."""


class Directory(Protocol):
    """Who belongs to what in the workspace."""

    def members(self, group: str) -> frozenset[str]:
        """User ids in a user group (``S…``) or channel (``C…``, ``G…``), asked anew each time; without the bot itself.

        :raises Permanent: when there is no such group, or the bot may not see it; the text says what to do.
        :raises Temporary: when Slack does not answer.
        """

    def speaks_in(self, channel: str) -> bool:
        """False where the bot cannot post: it is not in the conversation, or that is archived. True where Slack does not answer."""


# ---- homes and instances ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files of a home to read. Paths are relative, with ``/``."""

    keep: Callable[[str, bool], bool]
    """Called with (path, is_directory); False leaves the file, or the directory with all below it, out."""
    roots: tuple[str, ...] = ("",)
    """Where to start reading, in this order. Roots that do not exist are passed over.

    "" is the whole home: it is walked, and a directory that is left out is never read. Any other root is small enough to be
    read whole and filtered afterwards.
    """
    last: tuple[str, ...] = ()
    """Base names that are sent after everything else of their root, such as ``build.xml``."""


class Environment(Protocol):
    """Where the instances of one controller live: local processes, containers, machines."""

    def core(self, version: str, like: Instance) -> Core:
        """The release that would be started for a version, beside the instance that runs today.

        :raises Permanent: when there is none; the text says where it was looked for.
        """

    def state(self, instance: Instance) -> InstanceState: ...

    def home_bytes(self, instance: Instance) -> int:
        """Of the files in its home that a backup takes. Walks the home: for a plan, not for a loop."""

    def memory_available_bytes(self, like: Instance) -> int | None:
        """What the machine where an instance beside this one would run has left, at most; None where that cannot be told."""

    def fetch(self, version: str, like: Instance, progress: Callable[[str], None]) -> Core:
        """Bring the release to where the new instance will run; ``progress`` is told in a few words how far that is.

        :raises Permanent: when there is none, or it may not be had.
        """

    def create(self, name: str, like: Instance, version: str, queue_id: str) -> Instance:
        """Reserve a new, stopped instance with an empty home and an address of its own. The same name again returns the same one.

        ``queue_id`` isolates its queue file (``-Dhudson.model.Queue.id``).

        :raises Permanent: when something that ci-upgrade did not make has that name.
        """

    def start(self, instance: Instance) -> None:
        """Start it; one that runs stays as it is. A new one reaches nothing and nobody but the bot (where the environment can do that)."""

    def expose(self, instance: Instance, like: Instance) -> None:
        """Let a running instance reach, and be reached by, what its model does: it was found good."""

    def agent_port(self, instance: Instance, like: int) -> int:
        """Where an instance that was made here has to listen for TCP agents when its model listens at ``like`` (-1 nowhere, 0 anywhere)."""

    def address(self, instance: Instance) -> str:
        """Where the bot reaches it now, without a trailing slash; its ``url`` once it is exposed."""

    def stop(self, instance: Instance) -> None:
        """Stop it gracefully, then firmly; returns when it has ended. A stopped one is fine."""

    def remove(self, instance: Instance) -> None:
        """Delete the stopped instance and its home; one that is gone is fine. Never touches an instance it did not create unless it is named in full.

        :raises Permanent: while it runs.
        """

    def read_home(
        self, instance: Instance, selection: Selection, skipped: Callable[[str, str], None]
    ) -> Iterator[bytes]:
        """The selected files as an uncompressed tar stream in chunks of at most 1 MiB, in constant memory.

        A file that vanishes or changes while it is read is retried; one that cannot be had whole is left out and
        reported to ``skipped(path, why)``.
        """

    def write_home(self, instance: Instance, chunks: Iterable[bytes]) -> None:
        """Unpack a tar stream into the home: each file appears whole (temporary name, then rename), in stream order.

        :raises Permanent: on a path outside the home, or when the disk is full.
        """

    def logs(self, instance: Instance, lines: int) -> str:
        """The end of what the instance's process wrote."""


class Backups(Protocol):
    """Archives of homes. One archive a backup, never overwritten."""

    def write(
        self, id: str, controller: str, version: str, chunks: Iterable[bytes], skipped: Mapping[str, str]
    ) -> BackupRecord:
        """Compress the tar stream into an archive with a manifest: temporary name, fsync, rename. ``skipped`` is read after the last chunk.

        :raises Permanent: when the disk is full or the stream is not a tar stream; nothing is left behind.
        """

    def verify(self, id: str, stop: Stop | None = None) -> BackupRecord:
        """Read the whole archive back and compare every file with the manifest. ``stop`` is asked for each chunk.

        :raises Permanent: naming the first difference.
        :raises Interrupted: when told to stop.
        """

    def read(self, id: str) -> AbstractContextManager[Iterator[bytes]]:
        """The tar stream again.

        :raises Permanent: when there is no such backup or it is damaged.
        """

    def get(self, id: str) -> BackupRecord | None: ...

    def list(self) -> tuple[BackupRecord, ...]:
        """Newest first."""

    def remove(self, id: str) -> None: ...

    def free_bytes(self) -> int: ...


class Router(Protocol):
    """The load balancer in front of one controller."""

    def apply(self, state: RouterState) -> None:
        """Make it so, without dropping a request.

        Returns once the router itself reports the new state. Existing sessions keep their side unless its weight is now 0.
        A router of several processes is changed as a whole or not at all.
        """

    def apply_where_possible(self, state: RouterState) -> tuple[str, ...]:
        """Make it so on every process of the router that answers; returns a sentence about each that does not.

        For the way back to blue, which must not wait for what is broken.

        :raises Temporary: when none answers.
        """

    def read(self) -> RouterState:
        """What the router itself says is configured now.

        :raises ChangedByHand: when that is nothing that :meth:`apply` can have left.
        :raises Permanent: when it was told nothing yet, has lost it, or is not the same everywhere.
        """

    def traffic(self) -> Mapping[Side, Traffic]:
        """What was observed, per side, since the router started."""

    def close_owner_connections(self, side: Side) -> None:
        """End WebSocket, CLI and agent connections that still go to this side, so that they come back at the owner."""


# ---- people ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that the people of an upgrade should see. (upgrade, key) names it for ever; put again, it is updated in place."""

    id: int
    upgrade: str
    key: str
    """``dashboard`` (the thread's parent), ``gate-<n>``, ``event-<n>``, ``picture-<n>``."""
    channel: str
    content: Content
    generation: int
    """Grows with every change of the content; the newest one is what should be shown."""
    ts: str | None
    """Slack's name of the message once it was posted."""
    thread_ts: str | None
    """ts of the upgrade's dashboard; None for the dashboard itself or while that was not posted yet."""
    attempts: int
    posting_at: float | None = None
    """When a first post was begun of which nobody knows whether Slack took it; None: none was, or its outcome is known."""


class Outbox(Protocol):
    """Durable messages to people. A Slack outage delays them, never an upgrade."""

    def put(self, upgrade: str, key: str, channel: str, content: Content) -> None:
        """Say this; the same key again replaces what is shown, and an unsent older text is never sent."""

    def due(self, now: float) -> Sequence[OutboxRow]:
        """Rows whose newest content is not shown yet and whose retry time has come, dashboards first, then oldest first.

        Rows of a thread whose dashboard has no ts yet are left out, and first posts while an earlier one of their thread waits, unless that
        is ``passed`` (see :meth:`retry`).
        """

    def withdraw(self, upgrade: str, key: str) -> None:
        """Never mind, if it was not said yet; what was posted stays."""

    def posting(self, id: int, at: float) -> None:
        """A first post begins. A process that dies before the outcome is noted leaves this mark to the next one."""

    def sent(self, id: int, generation: int, ts: str) -> None:
        """This generation is shown now."""

    def retry(
        self, id: int, at: float, error: str, *, maybe_posted: bool = False, passed: bool = False
    ) -> None:
        """Could not be sent; not due again before ``at``. ``maybe_posted``: the mark of :meth:`posting` stays; ``passed``: later messages of
        the thread do not wait for it any more.
        """

    def give_up(self, id: int, error: str, quiet_until: float = 0.0) -> None:
        """This content can never be sent (channel archived, refused in every form); kept with the error for ``status``.

        New content is a new chance, not before ``quiet_until``.
        """


class Jenkins(Controller, Ownership, Protocol):
    """One instance, to look at and to act on."""


# ---- updates ---------------------------------------------------------------------------------------------------


class UpdateCentre(Protocol):
    """Where plugin releases come from: the public update centre, a mirror, a file, a directory."""

    def catalogue(self, core: str, versions_of: Collection[str] = ()) -> Catalogue:
        """What is offered to a core release; for the plugins in ``versions_of`` also every other version that is known.

        A stored copy is used while it is fresh, and also when it is old but nothing newer can be had: the catalogue says which.
        """

    def newest_lts(self) -> Catalogue:
        """What is offered to the newest LTS release, which the catalogue names as its core."""

    def lts_releases(self) -> tuple[str, ...]:
        """LTS releases of the last year or so, in any order; those that it knows of, which may be none."""

    def file(self, release: Release, stop: Stop) -> Path:
        """The plugin's file on this machine, with the checksum that the release names; fetched if it is not there yet.

        :raises Permanent: when the checksum differs, or the release names none.
        :raises Interrupted: when told to stop; what was fetched so far is kept and gone on with the next time.
        """
