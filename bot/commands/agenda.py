"""Starts scheduled upgrades at their time, reminds of them before, and asks about those that could not be started.

Everything follows from the stored schedule: the timers are armed from it at every start of the bot, and a start is taken up by
changing its status, so that of two ticks one wins.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable

from bot.agenda_messages import announcement, question, reminder
from bot.announcer import Announcer
from bot.commands.interface import Actor, StartRequest
from bot.config import Config
from bot.errors import BotError, Conflict, Refused
from bot.obstacles import Obstacles
from bot.ports import Clock, Scheduler
from bot.schedule import ScheduledStart, StartStatus
from bot.store import Entry, Store

__all__ = ["Agenda", "Begin", "Blockers"]

log = logging.getLogger(__name__)

Begin = Callable[[StartRequest, Actor, str], object]
"""Starts an upgrade with that id, or refuses to; checks permissions and everything that stands against it."""
Blockers = Callable[[str, str, str], tuple[str, ...]]
"""Controller, version, plugin policy → what the preflight would end the upgrade for."""


class Agenda:
    def __init__(
        self,
        *,
        config: Config,
        store: Store,
        scheduler: Scheduler,
        clock: Clock,
        announcer: Announcer,
        obstacles: Obstacles,
        begin: Begin,
        blockers: Blockers,
    ) -> None:
        self._config = config
        self._store = store
        self._scheduler = scheduler
        self._clock = clock
        self._announcer = announcer
        self._obstacles = obstacles
        self._begin = begin
        self._blockers = blockers

    def start(self) -> None:
        """Arm what is stored; after the engine has taken up its upgrades."""
        for start in self._store.open_starts():
            if start.status is StartStatus.STARTING:
                self._after_a_crash(start)
            else:
                self._tell(start)
            if start.status is StartStatus.WAITING:
                self._arm(start)

    def add(self, start: ScheduledStart) -> None:
        """:raises Refused: when the controller has an open one already."""
        self._store.add_start(start)
        self._record(start, "scheduled", start.requested_by)
        self._tell(start)
        self._arm(start)

    def cancel(self, start: ScheduledStart, actor: Actor) -> ScheduledStart:
        """:raises Refused: when it was started or cancelled before."""
        if start.status not in (StartStatus.WAITING, StartStatus.ASKING):
            raise Refused(f"`{start.id}` is {start.status.value} already; nothing was changed.")
        changed = dataclasses.replace(start, status=StartStatus.CANCELLED, decided_by=actor.id)
        self._change(changed, start.status)
        self._record(changed, "cancelled", actor.id)
        self._disarm(start)
        self._tell(changed)
        return changed

    def start_now(self, start: ScheduledStart, actor: Actor) -> ScheduledStart:
        """Start one that is asked about, in the name of who says so.

        :raises Refused: when something stands against it, or somebody else decided before.
        """
        if start.status is not StartStatus.ASKING:
            raise Refused(f"`{start.id}` is {start.status.value}; nothing was changed.")
        taken = dataclasses.replace(start, status=StartStatus.STARTING, decided_by=actor.id)
        self._change(taken, StartStatus.ASKING)
        tried = self._try(taken, actor)
        if tried.status is not StartStatus.STARTED:
            raise Refused(tried.note)
        return tried

    # ---- timers

    def _arm(self, start: ScheduledStart) -> None:
        now = self._clock.now()
        for minutes in self._config.schedule.reminder_minutes:
            at = start.at - minutes * 60
            if at > now:
                self._scheduler.at(_reminder_key(start.id, minutes), at, self._reminding(start.id, minutes))
        self._scheduler.at(f"start:{start.id}", start.at, lambda: self.due(start.id))

    def _disarm(self, start: ScheduledStart) -> None:
        self._scheduler.cancel(f"start:{start.id}")
        for minutes in self._config.schedule.reminder_minutes:
            self._scheduler.cancel(_reminder_key(start.id, minutes))

    def _reminding(self, id: str, minutes: int) -> Callable[[], None]:
        return lambda: self._remind(id, minutes)

    def _remind(self, id: str, minutes: int) -> None:
        start = self._store.scheduled_start(id)
        if start is None or start.status is not StartStatus.WAITING or self._clock.now() >= start.at:
            return  # cancelled, or this process slept over it
        said = reminder(start, self._against(start), self._config.schedule.timezone)
        self._announcer.announce(f"{id}-reminder-{minutes}", start.channel, said)

    def _against(self, start: ScheduledStart) -> str:
        """What would keep it from starting as things are now; empty when nothing would."""
        found = self._obstacles.against(start.controller, start.at)
        if found:
            return found
        try:
            return " ".join(self._blockers(start.controller, start.version, start.plugins))
        except BotError as error:
            return str(error)

    def due(self, id: str) -> None:
        """Its time has come. Late, it is asked about; a second tick changes nothing."""
        start = self._store.scheduled_start(id)
        if start is None or start.status is not StartStatus.WAITING:
            return
        late = self._clock.now() - start.at
        try:
            if late > self._config.schedule.grace_minutes * 60:
                note = f"The bot was not there at its time, and is {late / 60:.0f} minutes late."
                self._ask(start, note)
                return
            taken = dataclasses.replace(start, status=StartStatus.STARTING)
            self._store.change_start(taken, StartStatus.WAITING)
        except Conflict:
            return  # somebody cancelled it, or another tick was first
        self._try(taken, Actor(start.requested_by, start.requester, start.channel))

    # ---- starting

    def _try(self, taken: ScheduledStart, actor: Actor) -> ScheduledStart:
        request = StartRequest(
            taken.controller, taken.version, taken.traffic, taken.reason, plugins=taken.plugins
        )
        try:
            self._obstacles.require_none(taken.controller)
            # Looked at beforehand, so that it can be started by a click once they are gone.
            blockers = self._blockers(taken.controller, taken.version, taken.plugins)
            if blockers:
                raise Refused(" ".join(blockers))
            self._begin(request, actor, taken.upgrade)
        except BotError as error:
            return self._ask(taken, str(error))
        except Exception as error:  # a defect is asked about as well: nobody watches at that hour
            log.exception("scheduled start %s: unexpected error", taken.id)
            return self._ask(taken, f"Unexpected error in the bot itself: {error!r} (see its log).")
        return self._started(taken)

    def _started(self, taken: ScheduledStart) -> ScheduledStart:
        started = dataclasses.replace(taken, status=StartStatus.STARTED, note="")
        self._store.change_start(started, StartStatus.STARTING)
        self._record(started, "started", taken.decided_by)
        self._tell(started, asked=bool(taken.note))
        return started

    def _ask(self, start: ScheduledStart, note: str) -> ScheduledStart:
        asking = dataclasses.replace(start, status=StartStatus.ASKING, note=note, decided_by=None)
        self._store.change_start(asking, start.status)
        self._record(asking, "not started", None)
        self._tell(asking)
        return asking

    def _after_a_crash(self, start: ScheduledStart) -> None:
        """The process ended between taking it up and noting what came of it."""
        try:
            self._store.get(start.upgrade)
        except Refused:
            self._ask(start, "The bot was stopped just when it began.")
        else:
            self._started(start)

    # ---- telling

    def _tell(self, start: ScheduledStart, *, asked: bool = False) -> None:
        """One message that is kept up to date, and a second one, which notifies, when a human has to decide."""
        zone = self._config.schedule.timezone
        self._announcer.announce(start.id, start.channel, announcement(start, zone))
        if start.note or asked:
            self._announcer.announce(f"{start.id}-question", start.channel, question(start, zone))

    def _change(self, start: ScheduledStart, was: StartStatus) -> None:
        try:
            self._store.change_start(start, was)
        except Conflict as error:
            raise Refused(f"`{start.id}` was just decided by somebody else; nothing was changed.") from error

    def _record(self, start: ScheduledStart, name: str, actor: str | None) -> None:
        detail = {"controller": start.controller, "target": start.version, "at": start.at, "note": start.note}
        self._store.record(Entry(start.id, self._clock.now(), "decision", "", 1, name, actor, detail))


def _reminder_key(id: str, minutes: int) -> str:
    return f"remind-start:{id}:{minutes}"
