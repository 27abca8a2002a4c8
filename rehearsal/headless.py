"""A whole upgrade without a person: the stage, load on it, somebody who clicks, and an observer who counts."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rehearsal.exchanges import ExchangeLog, read_exchanges
from rehearsal.human import FINAL, Human
from rehearsal.judgement import (
    count_builds,
    count_timers,
    freeze,
    rollback_seconds,
    serving_seconds,
    sync_lag,
)
from rehearsal.load import Load, Visitor
from rehearsal.observer import Observer
from rehearsal.stage import Stage, StageError, ci_upgrade
from rehearsal.summary import Summary

__all__ = ["ROLLBACK_POINTS", "Headless", "load_on"]

ROLLBACK_POINTS = ("clone", "validate", "10", "25", "50", "handover", "100", "soak")
GATES = ("10", "25", "50", "handover", "100", "retire")
WARM_UP_SECONDS = 3.0
"""Of load before the upgrade begins, so that there are sessions to move."""
LONGEST_SECONDS = 900.0
"""An upgrade that has not ended by then never will."""
TIMERS_SECONDS = 6.0
"""The load goes on until this long after a minute boundary, so that the last owner's timers are judged as well."""
QUIET_SECONDS = 90.0
"""How long the last builds may take after the load has ended."""
LOOK_SECONDS = 0.1
VALIDATION_BEGINS_SECONDS = 0.3
"""After the router was told of green."""


def load_on(stage: Stage, log: ExchangeLog, rate: float) -> Load:
    """The load of a rehearsal, not yet started."""
    accounts = stage.accounts
    patience = stage.options.patience_seconds
    visitor = Visitor(accounts.admin_user, accounts.password, accounts.admin_token, patience)
    sides = {stage.from_version: "blue", stage.to_version: "green"}
    return Load(stage.router_url, visitor, stage.catalogue, sides, log, rate=rate, seed=stage.options.seed)


class Headless:
    """Plays one upgrade on a started stage."""

    def __init__(self, stage: Stage, directory: Path, rate: float, tell: Callable[[str], None]) -> None:
        """``directory`` takes the log of requests; ``tell`` is given lines of progress."""
        self._stage = stage
        self._tell = tell
        self._log = ExchangeLog(directory / "requests.jsonl")
        self._load = load_on(stage, self._log, rate)
        accounts = stage.accounts
        self._observer = Observer(
            stage.router_url, stage.blue_url, stage.other_urls, accounts.admin_user, accounts.admin_token
        )
        self._human = Human(stage.people, tell)
        self._registered_at: float | None = None

    def play(self, rollback_at: str | None) -> Summary:
        """From ``/ci-upgrade start`` to the end, then count.

        :raises NoUpgrade: when the bot does not begin.
        :raises StageError: when the bot ends again and again, or the upgrade does not end.
        :raises NoAnswer: when the controller cannot be read.
        """
        self._observer.start()
        self._load.start()
        try:
            time.sleep(WARM_UP_SECONDS)
            self._human.start(self._stage.to_version)
            status = self._await_end(rollback_at)
            self._await_timers()
        finally:
            self._load.stop()
            self._log.close()
        self._observer.end_of_load()
        self._tell("The load has ended; waiting for the last builds.")
        if not self._observer.finish(QUIET_SECONDS):
            self._tell(f"Builds still wait or run {QUIET_SECONDS:.0f} s after the load has ended.")
        return self._summary(status)

    def _await_end(self, rollback_at: str | None) -> str:
        deadline = time.monotonic() + LONGEST_SECONDS
        while (status := self._human.look()) not in FINAL:
            if self._stage.bot.crashed.is_set():
                raise StageError("the bot ends again and again")
            if time.monotonic() > deadline:
                raise StageError(f"the upgrade has not ended within {LONGEST_SECONDS:.0f} s: it is {status}")
            if status == "rolling_back":
                pass
            elif rollback_at is not None and self._reached(rollback_at):
                self._human.roll_back()
            else:
                self._human.approve()
            time.sleep(LOOK_SECONDS)
        return status

    def _reached(self, point: str) -> bool:
        """A phase while it runs, a step right after it was done; once there, always there."""
        if self._human.rollback_asked_at is not None:
            return True
        human = self._human
        match point:
            case "clone":
                return self._stage.host.has_green() or human.is_asked_for(GATES)
            case "validate":
                return self._validates() or human.is_asked_for(GATES)
            case "soak":
                return human.sees_phase_running("soak") or human.is_asked_for(("retire",))
            case _:
                step = "handover" if point == "handover" else f"send-{point}"
                return human.sees_event(f"{step}-done") or human.is_asked_for(GATES[GATES.index(point) + 1 :])

    def _validates(self) -> bool:
        """The dashboard may be a second late, and a small home is validated in less."""
        if self._registered_at is None and self._stage.router_knows_green():
            self._registered_at = time.monotonic()
        if self._registered_at is None:
            return False
        known_for = time.monotonic() - self._registered_at
        return known_for > VALIDATION_BEGINS_SECONDS or self._human.sees_phase_running("validate")

    def _await_timers(self) -> None:
        now = time.time()
        time.sleep((60 - now % 60 + TIMERS_SECONDS) % 60)

    # ---- counting ------------------------------------------------------------------------------------------------

    def _summary(self, status: str) -> Summary:
        observer, exchanges = self._observer, list(read_exchanges(self._log.path))
        runs = list(observer.sightings.runs(int(observer.started_at * 1000)))
        accepted = {one.ticket for one in exchanges if one.accepted and one.ticket}
        builds = count_builds(accepted, runs, observer.history, observer.before)
        timers = count_timers(self._stage.catalogue.timers, runs, observer.started_at, observer.ended_at)
        frozen = freeze(
            {one.ticket: one.at for one in exchanges if one.kind == "canary" and one.accepted and one.ticket},
            runs,
            observer.moves,
        )
        clicked_at = self._human.rollback_asked_at
        for fault in (*(one.failure for one in exchanges if one.failure), *builds.faults, *timers.faults):
            self._tell(fault)
        recorded = self._recorded()
        return Summary(
            status=status,
            from_version=self._stage.from_version,
            to_version=self._stage.to_version,
            requests_total=self._log.total,
            requests_failed=self._log.failed,
            builds=builds,
            timers=timers,
            freeze_seconds=frozen.seconds,
            rollback_seconds=None if clicked_at is None else rollback_seconds(exchanges, clicked_at),
            sync_lag_seconds_max=sync_lag(runs, serving_seconds(exchanges), observer.looked_at),
            approvals=recorded["approvals"],
            kills=self._stage.kills(),
            phases=recorded["phases"],
            slack={**self._stage.people.counters(), "doubled": self._human.posted_twice()},
        )

    def _recorded(self) -> Mapping[str, Any]:
        """What the bot itself recorded about the upgrade."""
        answer = subprocess.run(
            [ci_upgrade(), "status", "--config", str(self._stage.config), "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if answer.returncode != 0:
            raise StageError(f"ci-upgrade status failed: {answer.stderr}")
        newest: Mapping[str, Any] = json.loads(answer.stdout)["upgrades"][0]
        return newest
