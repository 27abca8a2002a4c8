"""The running controller: what a ``Jenkins`` object holds, under one lock."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rehearsal.jenkins import documents, execution
from rehearsal.jenkins.actions import SCM, TIMER, USER, Actions, timer_cause
from rehearsal.jenkins.agent_listener import AgentListener, enforced_port
from rehearsal.jenkins.builds import Build
from rehearsal.jenkins.clouds import end_orphans
from rehearsal.jenkins.computers import Computers
from rehearsal.jenkins.cron import CronTab
from rehearsal.jenkins.execution import Execution
from rehearsal.jenkins.guard import Guard
from rehearsal.jenkins.items import Folder, Item, Job
from rehearsal.jenkins.journal import Journal
from rehearsal.jenkins.plugins import PluginSet, load_plugins
from rehearsal.jenkins.queue import Queue, QueueItem, now_ms
from rehearsal.jenkins.release import QUEUE_FILE_BY_ID, WITHOUT_LEGACY_IDS, at_least
from rehearsal.jenkins.settings import Settings
from rehearsal.jenkins.users import Users

__all__ = ["WIZARD_STATE", "Controller", "Options"]

WIZARD_STATE = "jenkins.install.UpgradeWizard.state"

_QUEUE_SAVE_SECONDS = 60
"""How long after a change the queue is written, as ``Queue.Saver`` does."""
_DELETION_SECONDS = 15.0
"""How long a deletion waits for builds that it aborts."""


@dataclass(frozen=True)
class Options:
    """From the command line and the environment."""

    home: Path
    version: str
    port: int
    war: Path
    address: str = "127.0.0.1"
    prefix: str = ""
    """Context path: empty or ``/jenkins``."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Java system properties, ``-Dkey=value``."""
    max_memory_bytes: int = 512 * 1024 * 1024

    def seconds(self, name: str, default: float) -> float:
        return float(self.properties.get(name, default))


class Controller:
    """State of one controller. Callers hold ``lock`` while they look at or change anything but the constants."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.home = options.home
        self.version = options.version
        self.boot_id = secrets.token_hex(4)
        self.cookie_name = f"JSESSIONID.{secrets.token_hex(4)}"
        self.started_ms = now_ms()
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.journal = Journal()
        self.guard = Guard()
        self.dispatchers: dict[str, str] = {}
        """Other queue dispatchers that a script added: class name → the reason they give to every job."""
        self.setup_complete = (self.home / WIZARD_STATE).exists() or options.properties.get(
            "jenkins.install.runSetupWizard"
        ) == "false"
        """False: a home without that file counts as a new installation, and the front page is the setup wizard."""
        self._looked_at = False
        self.ready = False
        self.reloading = False
        self.stopping = False
        self.quieting_down = False
        self.quiet_down_reason: str | None = None
        self.executing: dict[tuple[str, int], Execution] = {}
        self.executions: list[dict[str, object]] = []
        """Every build that began (or went on) in this process, for an observer."""
        self.settings = self._load_settings()
        self.agent_listener = AgentListener(self.version, self.boot_id)
        self.users = Users(self.home)
        self.plugins: PluginSet = load_plugins(self.home, self.version)
        self.computers = Computers(self.home, self.settings)
        self.root = Folder("", self.home, None, "hudson.model.Hudson")
        self.queue = Queue(self._queue_file(), self.version, self._why_blocked)
        self.maintained = threading.Event()
        """Set once the queue was looked through for the first time."""
        self._maintainer = threading.Thread(
            target=self._maintain_for_ever, name="queue maintenance", daemon=True
        )

    # ---- loading ---------------------------------------------------------------------------------------------

    def _load_settings(self) -> Settings:
        settings = Settings(self.home, self.version)
        enforced = enforced_port(self.options.properties)
        if enforced is not None:
            settings.set_agent_port(enforced)
        return settings

    def load_items(self) -> None:
        """Read jobs and their builds, and go on at once with the pipelines that ran when the home was left."""
        listed = execution.listed_pipelines(self.home)
        for failure in self.root.load(self.plugins.active):
            self.journal.severe("jenkins.InitReactorRunner$1#onTaskFailed", failure)
        for job in self.root.all_jobs():
            legacy = job.builds_directory / "legacyIds"
            if at_least(self.version, WITHOUT_LEGACY_IDS) and legacy.exists():
                legacy.unlink()
                self.journal.info("hudson.model.Job#onLoad", f"Deleting legacyIds file in {legacy.parent}.")
            if job.full_name in listed:
                self.resume_pipelines(job)
        self._looked_at = False

    def look_at_builds(self) -> None:
        """What any page and script of a controller in use does: it loads the newest builds of every job."""
        if not self._looked_at:
            self._looked_at = True
            for job in self.root.all_jobs():
                self.resume_pipelines(job)

    def resume_pipelines(self, job: Job) -> None:
        """Loading an unfinished pipeline resumes it, whatever else is set."""
        if not job.pipeline:
            return
        for build in list(job.newest_builds(self.version)):
            if not build.completed and not build.building:
                execution.resume(self, job, build)

    def load_queue(self) -> None:
        self.queue.load(self.root.find)
        self.changed.notify_all()

    def end_orphans(self) -> None:
        """What cloud plugins do soon after a start, in a copy of a home as well."""
        clouds = self.settings.clouds().values()
        for name in end_orphans(clouds, self.home, self.settings.root_url, self.computers.agents):
            self.journal.info("rehearsal.Cloud#cleanUp", f"Terminated the orphaned machine {name}")

    def set_agent_port(self, port: int) -> None:
        """Not written to the home: that is ``save()``. A port that cannot be had is a line in the log."""
        if enforced_port(self.options.properties) is None:
            self.settings.set_agent_port(port)
            self.listen_for_agents()

    def listen_for_agents(self) -> None:
        fault = self.agent_listener.configure(self.settings.agent_port)
        if fault is not None:
            self.journal.warning("jenkins.model.Jenkins#launchTcpSlaveAgentListener", fault)

    def start_maintenance(self) -> None:
        self._maintainer.start()

    def reload(self) -> None:
        """``POST /reload``: everything is read again, and the queue becomes what is on disk."""
        time.sleep(self.options.seconds("rehearsal.reload.seconds", 0.5))
        with self.lock:
            self.settings = self._load_settings()
            self.users = Users(self.home)
            self.load_items()
            self.load_queue()
            self.reloading = False

    def reload_item(self, item: Item) -> None:
        """``POST /job/X/reload``: one item is read again; its running builds stay."""
        if isinstance(item, Folder):
            for failure in item.load(self.plugins.active):
                self.journal.severe("hudson.model.ItemGroupMixIn#loadChildren", failure)
            for job in item.all_jobs():
                self.resume_pipelines(job)
        elif isinstance(item, Job):
            item.configure(documents.read(item.config_file))
            item.load_builds()
            self.resume_pipelines(item)
        self.changed.notify_all()

    def delete(self, item: Item) -> None:
        """Delete an item: its queue items go, its builds are aborted, and waited for a while (hudson.model.ItemDeletion)."""
        jobs = [item] if isinstance(item, Job) else list(item.all_jobs()) if isinstance(item, Folder) else []
        for job in jobs:
            self.queue.cancel_all(job)
        until = time.monotonic() + _DELETION_SECONDS
        while (busy := [job for job in jobs if self._occupies(job)]) and time.monotonic() < until:
            for job in busy:
                for build in job.running():
                    self.abort(job, build)
            self.changed.wait(0.05)
        assert item.parent is not None
        item.parent.remove(item.name)
        self.changed.notify_all()

    def _occupies(self, job: Job) -> bool:
        """Whether a build of it runs, or is about to."""
        return bool(job.running()) or any(job in one.occupied.values() for one in self.computers.all())

    # ---- builds ----------------------------------------------------------------------------------------------

    def schedule(
        self, job: Job, actions: Actions, delay_seconds: float | None = None
    ) -> tuple[QueueItem | None, bool]:
        """Queue a build unless it is refused; True when it is a new item."""
        if job.disabled or self.guard.refuses(actions):
            return None, False
        if job.parameters and actions.parameters is None:
            actions.parameters = tuple(one.value() for one in job.parameters)
            actions.causes_first = True
        if delay_seconds is None:
            delay_seconds = self.quiet_period(job)
        item, created = self.queue.schedule(job, delay_seconds, actions)
        self.changed.notify_all()
        return item, created

    def quiet_period(self, job: Job) -> int:
        return self.settings.quiet_period if job.quiet_period is None else job.quiet_period

    def abort(self, job: Job, build: Build) -> None:
        running = self.executing.get((job.full_name, build.number))
        if running is not None:
            running.aborted = True
            running.wake.set()

    def check_timers(self, minute: datetime) -> None:
        """Fire every timer whose specification matches the minute."""
        with self.lock:
            for job in list(self.root.all_jobs()):
                for spec in job.timers:
                    try:
                        due = CronTab(spec, job.full_name).matches(minute)
                    except ValueError as error:
                        self.journal.warning(
                            "hudson.triggers.Trigger#checkTriggers", f"{job.full_name}: {error}"
                        )
                        continue
                    if due:
                        self.schedule(job, Actions(causes={timer_cause(): 1}), 0)

    def record_execution(self, job: Job, build: Build, *, resumed: bool) -> None:
        self.executions.append(
            {
                "job": job.full_name,
                "number": build.number,
                "ticket": next(
                    (
                        one.value("value")
                        for one in build.actions.parameters or ()
                        if one.value("name") == "TICKET"
                    ),
                    None,
                ),
                "cause": _cause_kind(build.actions),
                "startedMs": now_ms(),
                "resumed": resumed,
            }
        )

    def workspace(self, job: Job) -> str:
        return f"{self.home}/workspace/{job.full_name}"

    # ---- queue maintenance -----------------------------------------------------------------------------------

    def _maintain_for_ever(self) -> None:
        save_at: float | None = None
        while True:
            with self.lock:
                if self.stopping:
                    return
                for item in self.queue.maintain():
                    self._dispatch(item)
                self.maintained.set()
                if self.queue.changed_since_save and save_at is None:
                    save_at = time.monotonic() + _QUEUE_SAVE_SECONDS
                if save_at is not None and time.monotonic() >= save_at:
                    self.queue.save()
                    save_at = None
                due = self.queue.next_due()
                self.changed.wait(5 if due is None else min(5.0, max(0.002, (due - now_ms()) / 1000)))

    def _dispatch(self, item: QueueItem) -> None:
        """Give a buildable item to an executor, or note why it must wait for one."""
        if item.job.pipeline:
            item.pending = True
            self.computers.built_in.one_off.append(item.job)
            execution.start(self, item, self.computers.built_in, None)
            return
        if self.quieting_down:
            item.reason = "Jenkins is about to shut down"
            return
        offer = self.computers.offer(item.job)
        if offer is None:
            item.reason = self._no_executor(item.job)
            return
        computer, number = offer
        item.pending = True
        computer.occupied[number] = item.job
        execution.start(self, item, computer, number)

    def _no_executor(self, job: Job) -> str:
        if job.label:
            fitting = [one for one in self.computers.all() if one.fits(job.label)]
            if not fitting:
                return f"There are no nodes with the label ‘{job.label}’"
            if all(one.offline for one in fitting):
                return f"‘{fitting[0].display_name}’ is offline"
            return f"Waiting for next available executor on ‘{job.label}’"
        return "Waiting for next available executor"

    def _why_blocked(self, item: QueueItem) -> str | None:
        job = item.job
        if not job.concurrent and job.running():
            return f"Build #{job.running()[-1].number:,} is already in progress (ETA: N/A)"
        if job.pipeline and self.quieting_down:
            return "Jenkins is about to shut down"
        return self.guard.reason_to_wait(job.full_name) or next(iter(self.dispatchers.values()), None)

    def _queue_file(self) -> Path:
        queue_id = self.options.properties.get("hudson.model.Queue.id")
        if queue_id and at_least(self.version, QUEUE_FILE_BY_ID):
            return self.home / "queue" / f"{queue_id}.xml"
        return self.home / "queue.xml"


def _cause_kind(actions: Actions) -> str:
    kinds = {TIMER: "timer", SCM: "scm", USER: "user"}
    first = next(iter(actions.causes), None)
    return "none" if first is None else kinds.get(first.java_class, first.java_class.rpartition("$")[2])
