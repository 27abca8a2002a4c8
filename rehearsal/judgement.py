"""What the observations of a rehearsal amount to: lost, doubled and missed builds, freezes and lags. Pure."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rehearsal.exchanges import SESSION_KINDS, Exchange
from rehearsal.sightings import Build, Key, Run

__all__ = [
    "BuildCount",
    "Freeze",
    "TimerCount",
    "count_builds",
    "count_timers",
    "freeze",
    "rollback_seconds",
    "serving_seconds",
    "sync_lag",
]

SERVING_GAP_SECONDS = 3
"""A side serves sessions at a moment when it answered some within this time before and after it."""
HANDOVER_SECONDS = 3.0
"""A handover begins and ends within this time around the moment at which the owner's routes are switched."""
TICK_SECONDS = 5.0
"""A controller's timers fire up to about a second after the minute; this long after it, they have."""


@dataclass(frozen=True, slots=True)
class BuildCount:
    triggered: int
    """Requests for a build that a controller accepted."""
    run: int
    """Of these, those whose build the final owner shows as finished well."""
    lost: int
    """Accepted requests without such a build, and builds seen anywhere that the final owner's history does not hold."""
    doubled: int
    """Executions beyond the first of a ticket, of a build number, or of one build on both sides."""
    faults: tuple[str, ...] = ()
    """One sentence for each lost or doubled one."""


@dataclass(frozen=True, slots=True)
class TimerCount:
    due: int
    """Timer jobs times minute boundaries."""
    fired: int
    missed: int
    doubled: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Freeze:
    seconds: float
    """Longest wait of a canary in a handover, beyond the ordinary wait; 0 without a handover."""
    ordinary_seconds: float
    """The median of all canaries."""
    ticket: str | None
    """Of the canary that waited longest."""


def count_builds(
    accepted: Collection[str], runs: Sequence[Run], history: Sequence[Build], before: Collection[Key] = ()
) -> BuildCount:
    """``accepted``: tickets; ``runs``: everything seen since the start; ``history``: what the final owner shows at the end;
    ``before``: the builds that were there at the start.

    The jobs of the load cannot fail by themselves: a build that was broken off is lost as well.
    """
    kept = {build.key for build in history}
    well = {build.ticket for build in history if build.ticket and build.result == "SUCCESS"}
    lost = [f"the build of ticket {ticket} was lost" for ticket in sorted(set(accepted) - well)]
    gone = {run.build.key for run in runs if run.build.ticket not in accepted} | set(before)
    lost += [f"{_name(key)} is not in the final history" for key in sorted(gone - kept)]
    doubled = _doubled(runs)
    return BuildCount(
        len(set(accepted)), len(well & set(accepted)), len(lost), len(doubled), (*lost, *doubled)
    )


def _doubled(runs: Iterable[Run]) -> list[str]:
    faults: list[str] = []
    tickets: dict[str, Key] = {}
    numbers: dict[tuple[str, int], Key] = {}
    for run in runs:
        build, key = run.build, run.build.key
        earlier = tickets.get(build.ticket or "") or numbers.get(key[:2])
        if earlier is not None:
            faults.append(f"{_name(key)} repeats {_name(earlier)}")
        else:
            numbers[key[:2]] = key
            if build.ticket is not None:
                tickets[build.ticket] = key
        if run.executions > 1:
            sides = " and ".join(sorted(run.executed_on)) or "both sides"
            faults += [f"{_name(key)} was executed on {sides}"] * (run.executions - 1)
    return faults


def count_timers(
    jobs: Collection[str], runs: Iterable[Run], started_at: float, ended_at: float
) -> TimerCount:
    """``jobs`` fire every minute. Counted are the boundaries from the first full minute after the start to the end."""
    first = math.ceil(started_at / 60)
    last = math.floor((ended_at - TICK_SECONDS) / 60)
    due = {(job, minute) for job in jobs for minute in range(first, last + 1)}
    fired: Counter[tuple[str, int]] = Counter()
    for run in runs:
        moment = (run.build.job, run.build.started_ms // 60_000)
        if run.build.timer and moment in due:
            fired[moment] += run.executions
    missed = [f"{job} did not fire at {_clock(minute)}" for job, minute in sorted(due - fired.keys())]
    doubled = [
        f"{job} fired {count} times at {_clock(minute)}"
        for (job, minute), count in sorted(fired.items())
        if count > 1
    ]
    extra = sum(count - 1 for count in fired.values())
    return TimerCount(len(due), len(fired), len(missed), extra, (*missed, *doubled))


def freeze(
    canaries: Mapping[str, float], runs: Iterable[Run], moves: Iterable[tuple[float, float]]
) -> Freeze:
    """``canaries``: ticket → when it was sent; ``moves``: for each change of the owner, when the old one was seen last and the
    new one first. All in epoch seconds. Canaries without a build are lost, not frozen.

    Counted are those that were under way while the owner changed: elsewhere a wait is the machine's, not the handover's.
    """
    waits: dict[str, tuple[float, float]] = {}
    for run in runs:
        ticket = run.build.ticket
        if ticket is not None and ticket in canaries:
            waits[ticket] = canaries[ticket], run.build.started_ms / 1000
    if not waits:
        return Freeze(0.0, 0.0, None)
    ordinary = statistics.median(started - sent for sent, started in waits.values())
    frozen = {
        ticket: started - sent
        for before, after in moves
        for ticket, (sent, started) in waits.items()
        if sent <= after + HANDOVER_SECONDS and started >= before - HANDOVER_SECONDS
    }
    longest = max(frozen, key=frozen.__getitem__, default=None)
    seconds = max(0.0, frozen[longest] - ordinary) if longest is not None else 0.0
    return Freeze(seconds, max(0.0, ordinary), longest)


def rollback_seconds(exchanges: Iterable[Exchange], clicked_at: float) -> float:
    """From the click to the last answer that a session got from green; 0 when green answered none after it."""
    last = max(
        (one.answered_at for one in exchanges if one.side == "green" and one.kind in SESSION_KINDS),
        default=clicked_at,
    )
    return max(0.0, last - clicked_at)


def serving_seconds(exchanges: Iterable[Exchange]) -> dict[str, set[int]]:
    """Side → the seconds (since the epoch) in which it answered a session."""
    serving: dict[str, set[int]] = {}
    for one in exchanges:
        if one.side is not None and one.kind in SESSION_KINDS and one.failure is None:
            serving.setdefault(one.side, set()).add(int(one.answered_at))
    return serving


def sync_lag(
    runs: Iterable[Run], serving: Mapping[str, Collection[int]], looked_at: Mapping[str, float]
) -> float:
    """Longest time from a build's end to its being shown by the other side, while that side served sessions.

    ``serving``: as :func:`serving_seconds`; ``looked_at``: side → when it was last looked at with success. A build that never
    appeared counts up to that. As fine as the polls are.
    """
    longest = 0.0
    for run in runs:
        if run.build.running:
            continue
        ended = run.build.ended_at
        for side, seconds in serving.items():
            if side in run.executed_on or not _serves(seconds, ended):
                continue
            seen_at = run.finished[side][0] if side in run.finished else looked_at.get(side, ended)
            longest = max(longest, seen_at - ended)
    return longest


def _serves(seconds: Collection[int], moment: float) -> bool:
    second = int(moment)
    return any(second - gap in seconds for gap in range(SERVING_GAP_SECONDS)) and any(
        second + gap in seconds for gap in range(SERVING_GAP_SECONDS)
    )


def _name(key: Key) -> str:
    job, number, started_ms = key
    return f"{job} #{number} ({started_ms})"


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d} UTC"
