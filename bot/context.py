"""What a phase is given: the ports of its controller, the clock, a stop token and the journal. A phase knows no engine."""

from __future__ import annotations

import copy
import dataclasses
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.announcer import Announcer
from bot.config import ControllerConfig
from bot.errors import Conflict
from bot.model import Instance, Side
from bot.plugins import Policy
from bot.ports import Backups, Clock, Environment, Jenkins, Router, Stop, UpdateCentre
from bot.stop_token import StopToken
from bot.store import Entry, Store
from bot.upgrade import Upgrade, phase_of

__all__ = ["Context", "Contexts", "CrashPoint", "Services", "change_upgrade"]

T = TypeVar("T")

CrashPoint = Callable[[str, str], None]
"""Called as (moment, point) around every journalled intent; the rehearsal kills the process here."""


@dataclass(frozen=True, slots=True)
class Services:
    """One controller's outside world."""

    name: str
    config: ControllerConfig
    first: Instance
    """The running instance as the configuration names it; its version is not known."""
    environment: Environment
    router: Router
    backups: Backups
    jenkins: Callable[[Instance], Jenkins]
    follower_guard: Callable[[str], str]
    """Upgrade id → text of the script for ``init.groovy.d`` that makes a starting instance a follower."""
    ownership: threading.RLock
    """Held while ownership, queue or builds move, so that a sync tick and a handover never overlap."""
    routing: threading.RLock = field(default_factory=threading.RLock)
    """Held while the router is looked at and told something, so that a look never undoes a step's change."""
    updates: UpdateCentre | None = None
    """None: none is configured; plugins are kept as they are."""
    plugin_policy: Policy = field(default_factory=Policy)

    def with_plugins(self, mode: str) -> Services:
        """The same with another mode of the plugin policy, ``minimal`` or ``latest``; empty: as configured. Pins stay."""
        if mode not in ("minimal", "latest"):
            return self
        policy = dataclasses.replace(self.plugin_policy, mode=mode)  # type: ignore[arg-type]  # narrowed by the line above
        return dataclasses.replace(self, plugin_policy=policy)


def change_upgrade(
    store: Store, upgrade: str, change: Callable[[Upgrade], Upgrade], *entries: Entry
) -> Upgrade:
    """Read, change and save; again when somebody else was faster. ``change`` sees the newest row each time."""
    while True:
        try:
            return store.save(change(store.get(upgrade)), *entries)
        except Conflict:
            continue


class Context:
    def __init__(
        self,
        upgrade: str,
        step: str,
        attempt: int,
        *,
        store: Store,
        services: Services,
        clock: Clock,
        stop: Stop,
        announcer: Announcer,
        crash_point: CrashPoint,
    ) -> None:
        self.id = upgrade
        self.step = step
        self.attempt = attempt
        self.store = store
        self.services = services
        self.config = services.config
        self.policy = services.config.policy
        self.clock = clock
        self.stop = stop
        self.announcer = announcer
        self._crash_point = crash_point

    @property
    def upgrade(self) -> Upgrade:
        """The row as it is now."""
        return self.store.get(self.id)

    def jenkins(self, side: Side) -> Jenkins:
        return self.services.jenkins(self.upgrade.instance(side))

    def update(self, change: Callable[[Upgrade], Upgrade]) -> Upgrade:
        return change_upgrade(self.store, self.id, change)

    def say(self, text: str, *lines: str, tone: Any = "info", key: str = "") -> None:
        """One entry in the thread; the same key again (within this step) replaces it."""
        self.announcer.entry(self.upgrade, f"{self.step}-{key or self.attempt}", text, lines, tone)

    def attach(self, title: str, summary: str, filename: str, text: str) -> None:
        """A file in the thread; a repeated attempt attaches its own."""
        self.announcer.document(self.upgrade, f"{self.step}-{self.attempt}", title, summary, filename, text)

    def change(
        self, name: str, act: Callable[[], T], *, again: bool = False, detail: dict[str, Any] | None = None
    ) -> T | None:
        """Change the outside world: intent, act, outcome. ``act`` is "make it so" and reads back what it did.

        A change whose outcome this attempt has recorded is not made again (None is returned), so a restarted step goes on
        where it was; ``again`` is for changes that must be made every time the step runs.
        """
        if not again and name in self.store.changes_done(self.id, self.step, self.attempt):
            return None
        point = f"{phase_of(self.step).value}.{name}" if self.step != "follow" else f"follow.{name}"
        self._crash_point("before", point)
        self._journal("intent", name, detail)
        self._crash_point("after", point)
        result = act()
        self._crash_point("acted", point)
        self._journal("outcome", name, detail)
        return result

    def _journal(self, kind: str, name: str, detail: dict[str, Any] | None) -> None:
        self.store.record(Entry(self.id, self.clock.now(), kind, self.step, self.attempt, name, None, detail))

    def changed_at(self, name: str, *, first: bool = False) -> float | None:
        """When this attempt's last (or first) intent of this name was journalled."""
        times = [
            e.at
            for e in self.store.journal(self.id)
            if (e.kind, e.step, e.attempt, e.name) == ("intent", self.step, self.attempt, name)
        ]
        return (times[0] if first else times[-1]) if times else None

    def unstoppable(self) -> Context:
        """The same context for a section that must run to its end, such as the seconds of a handover."""
        twin = copy.copy(self)
        twin.stop = StopToken(self.clock)
        return twin


class Contexts:
    """Makes contexts: for a step that runs, and for what happens beside the steps."""

    def __init__(
        self,
        store: Store,
        services: Mapping[str, Services],
        clock: Clock,
        announcer: Announcer,
        crash_point: CrashPoint,
    ) -> None:
        self._store = store
        self._services = services
        self._clock = clock
        self._announcer = announcer
        self._crash_point = crash_point

    def services(self, controller: str) -> Services:
        return self._services[controller]

    def of_step(self, upgrade: Upgrade, stop: Stop) -> Context:
        """For the current step of an upgrade."""
        record = upgrade.record()
        return self._make(upgrade, upgrade.step, record.attempt if record else 1, stop)

    def beside(self, upgrade: str, stop: Stop | None = None) -> Context:
        """For ticks and commands; nothing it does is skipped as done before. Without ``stop`` nobody stops it."""
        return self._make(self._store.get(upgrade), "follow", 1, stop or StopToken(self._clock))

    def _make(self, upgrade: Upgrade, step: str, attempt: int, stop: Stop) -> Context:
        return Context(
            upgrade.id,
            step,
            attempt,
            store=self._store,
            services=self._services[upgrade.controller],
            clock=self._clock,
            stop=stop,
            announcer=self._announcer,
            crash_point=self._crash_point,
        )
