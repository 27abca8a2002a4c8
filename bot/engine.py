"""Drives every live upgrade: asks the planner what is next, records the intent, acts, records the outcome.

One worker thread an upgrade. Everything it knows is in the store, so a process that is killed at any instruction and
started again goes on where it was.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from functools import partial

from bot import planner
from bot.announcer import Announcer
from bot.context import Context, Contexts, CrashPoint, change_upgrade
from bot.errors import BotError, Conflict, Interrupted, Permanent, Temporary
from bot.gates import Gates
from bot.model import Phase
from bot.phases import Step, back, step_named
from bot.planner import Advance, CloseGate, Finish, OpenGate, Wait, next_action
from bot.ports import Clock, Scheduler
from bot.reasons import Reason
from bot.stop_token import StopToken, StopTokens
from bot.store import Entry, Store
from bot.upgrade import Gate, Hold, Status, StepRecord, StepState, Upgrade, phase_of, rollback_steps
from bot.watching import Watcher
from bot.workers import Drive, Run, ThreadWorkers, Workers

__all__ = ["Engine"]

log = logging.getLogger(__name__)

RECENT = 100
"""So many of the newest upgrades are looked at for an end that a crash has left untold."""
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)


class Engine:
    def __init__(
        self,
        *,
        store: Store,
        contexts: Contexts,
        scheduler: Scheduler,
        clock: Clock,
        announcer: Announcer,
        gates: Gates,
        watcher: Watcher,
        crash_point: CrashPoint,
        workers: Callable[[Drive], Workers] = ThreadWorkers,
    ) -> None:
        self._store = store
        self._contexts = contexts
        self._scheduler = scheduler
        self._clock = clock
        self._announcer = announcer
        self._gates = gates
        self._watcher = watcher
        self._crash_point = crash_point
        self._workers = workers(self.drive)
        self._ticks = StopTokens(clock)

    # ---- life

    def start(self) -> None:
        """Take up every live upgrade where it was left."""
        for upgrade in self._store.history(None, RECENT):
            if upgrade.untold:
                self._announcer.refresh(upgrade)
                self._tell_the_end(upgrade)
        for upgrade in self._store.live():
            self._announcer.refresh(upgrade)
            self.take_up(upgrade)

    def take_up(self, upgrade: Upgrade) -> None:
        """Begin to drive a live upgrade."""
        policy = self._contexts.services(upgrade.controller).config.policy
        for name, seconds, tick in (
            ("follow", policy.sync_seconds, self._watcher.follow),
            ("sample", policy.sample_seconds, self._sample),
            ("route", policy.sync_seconds, self._watcher.keep),
        ):
            self._scheduler.every(f"{name}:{upgrade.id}", seconds, partial(self._tick, upgrade.id, tick))
        self._workers.wake(upgrade.id)

    def wake(self, upgrade: str) -> None:
        """Something changed: look at the upgrade again."""
        self._workers.wake(upgrade)

    def interrupt(self, upgrade: str) -> None:
        """Stop the running step (it is not a failure) and what runs beside it, and look at the upgrade again."""
        self._ticks.set(upgrade)
        self._workers.interrupt(upgrade)

    def turn_back(self, upgrade: str) -> None:
        """A rollback was decided: sessions go back at once, whatever the running step still waits for."""
        self.interrupt(upgrade)
        self._scheduler.at(f"back:{upgrade}", self._clock.now(), lambda: self._sessions_back(upgrade))

    def close(self) -> None:
        """Stop within about a second; upgrades stay resumable."""
        self._ticks.close()
        self._workers.close()

    def _let_go(self, upgrade: str) -> None:
        for kind in ("follow", "sample", "route", "wake", "remind", "back"):
            self._scheduler.cancel(f"{kind}:{upgrade}")

    def _tick(self, upgrade: str, tick: Callable[[Context], object]) -> None:
        with self._ticks.running(upgrade) as token:
            tick(self._contexts.beside(upgrade, token))

    def _sample(self, context: Context) -> None:
        if self._watcher.sample(context):
            self.wake(context.id)

    def _sessions_back(self, upgrade_id: str) -> None:
        """The first step of the way back, for when its own thread is busy: a script on a hung green may take minutes to give up."""
        context = self._contexts.beside(upgrade_id)
        try:
            # A step that goes on all the same must see the weight together with what the router was told.
            with context.services.routing:
                if context.upgrade.step == rollback_steps()[0]:
                    back.sessions(context)
        except BotError as error:
            log.warning("upgrade %s: sessions back at once: %s", upgrade_id, error)  # the step tries again

    # ---- one upgrade

    def drive(self, upgrade_id: str, run: Run) -> bool:
        """Do everything that can be done now; False when the upgrade has ended."""
        while not run.closing:
            upgrade = self._store.get(upgrade_id)
            gate = self._store.newest_gate(upgrade.id, upgrade.step)
            action = next_action(upgrade, gate, self._clock.now())
            try:
                match action:
                    case planner.Run():
                        self._run_step(upgrade, run)
                    case OpenGate():
                        self._gates.open(self._contexts.of_step(upgrade, StopToken(self._clock)), upgrade)
                    case CloseGate(gate_id):
                        self._gates.expire(gate_id)
                    case Advance(step):
                        self._advance(upgrade, step)
                    case Finish(status):
                        self._finish(upgrade, status)
                        return False
                    case Wait(until):
                        if not upgrade.live:
                            self._let_go(upgrade.id)
                            return False
                        if until is not None:
                            self._scheduler.at(f"wake:{upgrade.id}", until, lambda: self.wake(upgrade_id))
                        if gate is not None and gate.outcome is None:
                            self._arm_reminder(upgrade, gate)
                        return True
            except Conflict:
                continue  # somebody acted meanwhile: look again
        return True

    def _advance(self, upgrade: Upgrade, step: str) -> None:
        now = self._clock.now()
        seconds = step_named(step).watch_seconds(self._contexts.services(upgrade.controller).config.policy)
        changed = dataclasses.replace(upgrade, step=step, retry_at=None)
        if seconds is not None:
            changed = changed.with_record(step, StepRecord(StepState.RUNNING, now, until=now + seconds))
        if changed.status is Status.WAITING:
            changed = dataclasses.replace(changed, status=Status.RUNNING)
        self._announcer.dashboard(
            self._store.save(changed, Entry(upgrade.id, now, "event", step, 1, "reached"))
        )

    def _arm_reminder(self, upgrade: Upgrade, gate: Gate) -> None:
        """Also when its moment passed while the bot was down: then at once. It is said once, whatever is armed."""
        policy = self._contexts.services(upgrade.controller).config.policy
        at = gate.opened_at + policy.gate_reminder_seconds
        if at < gate.expires_at:
            self._scheduler.at(f"remind:{upgrade.id}", at, lambda: self._gates.remind(gate.id))

    def _run_step(self, upgrade: Upgrade, run: Run) -> None:
        step = step_named(upgrade.step)
        # Before the row is saved: a rollback that comes after the save finds this token, one before it makes the save fail.
        run.token = token = StopToken(self._clock)
        if run.closing:
            return
        running = self._mark_running(upgrade)
        self._ticks.set(upgrade.id)  # a tick that carries a large build must not let the step wait
        context = self._contexts.of_step(running, token)
        try:
            note = step.run(context)
        except Interrupted:
            return
        except Conflict:
            raise
        except BotError as error:
            self._failed(context, step, error)
        except (
            Exception
        ) as error:  # a defect in a phase holds the upgrade; it must not take the other upgrades down
            log.exception("upgrade %s, %s: unexpected error", upgrade.id, upgrade.step)
            self._failed(
                context, step, Permanent(f"unexpected error in the bot itself: {error!r} (see its log)")
            )
        else:
            self._crash_point("acted", f"{phase_of(context.step).value}.{context.step}")
            self._done(context, note or "")

    def _mark_running(self, upgrade: Upgrade) -> Upgrade:
        now = self._clock.now()
        record = upgrade.record()
        if record is None:
            record = StepRecord(StepState.RUNNING, now)
        elif record.state is StepState.FAILED:
            # What was watched was watched: only the conclusion is drawn again.
            began = now if record.until is None else record.started_at
            record = dataclasses.replace(
                record,
                state=StepState.RUNNING,
                started_at=began,
                ended_at=None,
                attempt=record.attempt + 1,
                note="",
            )
        point = f"{phase_of(upgrade.step).value}.{upgrade.step}"
        self._crash_point("before", point)
        entry = Entry(upgrade.id, now, "intent", upgrade.step, record.attempt, f"step {upgrade.step}")
        running = self._store.save(
            dataclasses.replace(upgrade.with_record(upgrade.step, record), retry_at=None), entry
        )
        self._crash_point("after", point)
        self._announcer.dashboard(running)
        return running

    def _done(self, context: Context, note: str) -> None:
        now = self._clock.now()

        def done(upgrade: Upgrade) -> Upgrade:
            record = upgrade.records[context.step]
            return upgrade.with_record(
                context.step, dataclasses.replace(record, state=StepState.DONE, ended_at=now, note=note)
            )

        entry = Entry(
            context.id,
            now,
            "outcome",
            context.step,
            context.attempt,
            f"step {context.step}",
            None,
            {"note": note},
        )
        saved = change_upgrade(self._store, context.id, done, entry)
        self._announcer.step_done(saved, context.step)

    def _failed(self, context: Context, step: Step, error: BotError) -> None:
        """Undo what half-happened, then try again, hold for a human, or end."""
        log.warning("upgrade %s, %s, attempt %d: %s", context.id, context.step, context.attempt, error)
        if step.undo is not None:
            try:
                step.undo(context)
            except BotError as undo_error:
                error = type(error)(f"{error}. Undoing it failed as well: {undo_error}")
        now = self._clock.now()
        rolling_back = phase_of(context.step) is Phase.ROLLBACK
        tries = context.attempt - context.upgrade.records[context.step].forgiven
        again = rolling_back or (isinstance(error, Temporary) and tries < step.attempts)
        delay = RETRY_SECONDS[min(tries, len(RETRY_SECONDS)) - 1]

        def failed(upgrade: Upgrade) -> Upgrade:
            record = dataclasses.replace(
                upgrade.records[context.step], state=StepState.FAILED, ended_at=now, note=str(error)
            )
            upgrade = upgrade.with_record(context.step, record)
            if upgrade.step != context.step or upgrade.status is Status.HELD:
                return upgrade  # a human was faster
            if again:
                return dataclasses.replace(upgrade, retry_at=now + delay)
            if step.ends_on_failure:
                hold = Hold(Reason.PREFLIGHT, str(error), now)
                return dataclasses.replace(
                    upgrade, status=Status.FAILED, ended_at=now, hold=hold, untold=True
                )
            return dataclasses.replace(upgrade, status=Status.HELD, hold=Hold(step.failure, str(error), now))

        entry = Entry(
            context.id,
            now,
            "outcome",
            context.step,
            context.attempt,
            "failed",
            None,
            {"error": str(error), "again": again},
        )
        saved = change_upgrade(self._store, context.id, failed, entry)
        self._announcer.step_failed(saved, context.step, str(error), again, delay)
        if not saved.live:
            self._tell_the_end(saved)

    def _finish(self, upgrade: Upgrade, status: Status) -> None:
        now = self._clock.now()
        entry = Entry(upgrade.id, now, "event", upgrade.step, 1, status.value)
        saved = self._store.save(
            dataclasses.replace(upgrade, status=status, ended_at=now, following=False, untold=True), entry
        )
        self._tell_the_end(saved)
        self._let_go(upgrade.id)

    def _tell_the_end(self, upgrade: Upgrade) -> None:
        """Once: what is said of an ended upgrade stays as it was said, whatever a later release or a later lock would say."""
        self._announcer.finished(upgrade)
        self._store.save(dataclasses.replace(upgrade, untold=False))
