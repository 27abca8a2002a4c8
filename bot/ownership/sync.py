"""Carries finished builds and changed job configurations from the owner to the follower.

Positions are kept in a document, so that a restarted bot goes on where it was; carrying a build twice changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot.context import Context
from bot.errors import Permanent
from bot.model import NEVER_MS, BuildRef, BuildReport, FinishedBuild, RunningBuild, Side
from bot.ownership.carrying import carry_builds, carry_jobs

__all__ = [
    "SyncReport",
    "carry_branches",
    "in_flight",
    "known_running",
    "last_running",
    "name_what_stays",
    "running_builds",
    "start_from",
    "sync",
]

OVERLAP_MS = 5_000
"""Builds that started this long before the last look are asked for again: clocks of a controller are not that exact."""
UNSAVED_MS = 60_000
"""So long after its end a build whose record says that it is under way is carried again: then it was never saved."""
NAMED = 10
"""So many jobs are named in a message."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    carried: int
    running: tuple[RunningBuild, ...]
    """Builds that the source is still running."""


@dataclass(slots=True)
class _Position:
    """How far the stream from one side has come."""

    since_ms: int
    watched: list[BuildRef] = field(default_factory=list)
    carried: dict[str, int] = field(default_factory=dict)
    """``job#number`` → start time, for builds that may be reported again."""
    late: list[BuildRef] = field(default_factory=list)
    """Finished builds whose job was not on the other side yet, or that were not saved as finished yet."""
    configs_since_ms: int = 0
    known_items: list[str] | None = None

    @property
    def asked_for(self) -> list[BuildRef]:
        """Builds that are asked for whenever they began."""
        return [*self.watched, *self.late]


def start_from(ctx: Context, side: Side, since_ms: int, watched: tuple[RunningBuild, ...] = ()) -> None:
    """Let the stream from ``side`` begin at a time (its own clock), with builds that were running then."""
    position = _Position(since_ms, [BuildRef(b.job, b.number) for b in watched], configs_since_ms=since_ms)
    _save(ctx, side, position)


def running_builds(ctx: Context, side: Side) -> tuple[RunningBuild, ...]:
    """What this side is running right now."""
    jenkins = ctx.jenkins(side)
    position = _load(ctx, side)
    since = position.since_ms if position else jenkins.identity().now_ms
    return jenkins.builds(since, position.watched if position else ()).running


def in_flight(ctx: Context, side: Side) -> frozenset[BuildRef]:
    """Builds that the next sync from this side carries or goes on watching."""
    position = _load(ctx, side)
    if position is None:
        return frozenset()
    report = ctx.jenkins(side).builds(position.since_ms, position.watched)
    begun: tuple[FinishedBuild | RunningBuild, ...] = (*report.finished, *report.running)
    return frozenset(BuildRef(build.job, build.number) for build in begun)


def known_running(ctx: Context, side: Side) -> int | None:
    """How many builds this side ran at the last sync; None before the first."""
    position = _load(ctx, side)
    return len(position.watched) if position else None


def last_running(ctx: Context, side: Side) -> tuple[BuildRef, ...]:
    """Builds that this side ran at the last sync, and finished ones that could not be carried yet."""
    position = _load(ctx, side)
    return tuple(position.asked_for) if position else ()


def sync(ctx: Context, source: Side, *, configs: bool = True) -> SyncReport:
    """Bring the other side up to date with ``source``. Without a position (never started) nothing is carried.

    :raises Permanent: when a job's or folder's configuration could not be carried over; everything else was.
    """
    position = _load(ctx, source)
    if position is None:
        return SyncReport(0, ())
    unwritten: Permanent | None = None
    if configs:
        try:
            _sync_items(ctx, source, position)
        except Permanent as error:
            # Told when the builds are over there: one job that the follower does not take must not cost it the history of all.
            unwritten = error
            ctx.say(
                "Not every changed job could be carried over.", str(error), tone="warning", key="sync-items"
            )
    ctx.stop.check()
    began = time.monotonic()
    report = ctx.jenkins(source).builds(position.since_ms, position.asked_for)
    lost: list[BuildRef] = []
    if source is not ctx.upgrade.owner:
        report, lost = _found_again(ctx, source, position, report)
    found = [build for build in report.finished if _key(build.job, build.number) not in position.carried]
    absent = _still_absent(ctx, source, position)
    fresh = [build for build in found if build.job not in absent]
    again: frozenset[str] = frozenset()
    if fresh:
        names = [_key(build.job, build.number) for build in fresh]
        again = (
            ctx.change(
                "sync",
                lambda: _carry(ctx, source, fresh, report.now_ms, position.known_items),
                again=True,
                detail={"builds": names},
            )
            or again
        )
        oldest = min(build.ended_ms for build in fresh)
        _note_lag(ctx, (report.now_ms - oldest) / 1000 + time.monotonic() - began)
    else:
        _note_lag(ctx, 0.0)
    since = report.now_ms - OVERLAP_MS
    late = [b for b in found if b.job in absent or _key(b.job, b.number) in again]
    seen = position.carried | {_key(b.job, b.number): b.started_ms for b in found if b not in late}
    _save(
        ctx,
        source,
        _Position(
            since,
            [BuildRef(build.job, build.number) for build in report.running] + lost,
            {key: started for key, started in seen.items() if started >= since},
            [BuildRef(build.job, build.number) for build in late],
            position.configs_since_ms,
            position.known_items,
        ),
    )
    if unwritten is not None:
        raise unwritten
    return SyncReport(len(fresh), report.running)


def _still_absent(ctx: Context, source: Side, position: _Position) -> set[str]:
    """Jobs that late builds wait for. Until such a job is there, copying its builds again would serve nobody."""
    jobs = sorted({ref.job for ref in position.late})
    return set(ctx.jenkins(source.other).reload(jobs)) if jobs else set()


def _found_again(
    ctx: Context, source: Side, position: _Position, report: BuildReport
) -> tuple[BuildReport, list[BuildRef]]:
    """A follower's jobs are read again and again. A build that ends in that moment is listed no more until its job is read once more.

    Returns the report with such builds in it, and those that are still to be looked for; what was deleted is not.
    """
    told = {BuildRef(build.job, build.number) for build in report.finished}
    told |= {BuildRef(build.job, build.number) for build in report.running}
    lost = [ref for ref in position.watched if ref not in told]
    if not lost:
        return report, []
    jenkins = ctx.jenkins(source)
    again = set(jenkins.reload(sorted({ref.job for ref in lost}))) & set(jenkins.job_directories().values())
    return jenkins.builds(position.since_ms, position.asked_for), [ref for ref in lost if ref.job in again]


def _carry(
    ctx: Context, source: Side, builds: list[FinishedBuild], now_ms: int, known: list[str] | None
) -> frozenset[str]:
    """Copy builds, then let the target see them. Returns those (``job#number``) that have to be carried again."""
    under_way = carry_builds(ctx, source, builds)
    target = ctx.jenkins(source.other)
    missing = target.reload(sorted({build.job for build in builds}))
    if missing and source is ctx.upgrade.owner:
        branches = _branches(target.job_directories(), missing, known)
        if branches:
            carry_jobs(ctx, source, branches)
            missing = target.reload(missing)
    again = set()
    for build in builds:
        key = _key(build.job, build.number)
        unsaved = build.directory in under_way
        if build.job in missing or (unsaved and now_ms - build.ended_ms < UNSAVED_MS):
            again.add(key)
        elif unsaved:
            text = f"`{key}` has ended on {source.value}, but was never saved as ended: {source.other.value} does not show it."
            ctx.say(text, tone="warning", key=f"unsaved-{key}")
    return frozenset(again)


def carry_branches(ctx: Context, source: Side) -> None:
    """Bring jobs that a folder has made by itself, such as new branches, to the other side, whether or not a build of them has ended."""
    position = _load(ctx, source)
    known = position.known_items if position else None
    jobs = ctx.jenkins(source).job_directories().values()
    branches = _branches(ctx.jenkins(source.other).job_directories(), jobs, known)
    if branches:
        ctx.change(
            "sync-branches",
            lambda: carry_jobs(ctx, source, branches),
            again=True,
            detail={"items": sorted(branches)},
        )


def _branches(there: Mapping[str, str], jobs: Iterable[str], known: list[str] | None) -> set[str]:
    """Which of the jobs the other side lacks, and can only get from their folder: what can be configured is among ``known``."""
    return set() if known is None else set(jobs) - set(there.values()) - set(known)


def _sync_items(ctx: Context, source: Side, position: _Position) -> None:
    owner, follower = ctx.jenkins(source), ctx.jenkins(source.other)
    if position.known_items is None:
        position.known_items = _first_known(ctx, source)
    configs = owner.item_configs(position.configs_since_ms, position.known_items)
    known, present = set(position.known_items), set(configs.names)
    if configs.changed:
        names = [item.name for item in configs.changed]
        _change_items(ctx, source, "sync-items", lambda: follower.write_items(configs.changed), names)
    fresh = present - known
    # A job that was renamed or moved brings its builds along, before they go under its old name.
    moved = [job for job in owner.job_directories().values() if fresh & _with_parents(job)] if fresh else []
    if moved:
        ctx.change("sync-moved", lambda: carry_jobs(ctx, source, moved), again=True, detail={"items": moved})
    gone = sorted(known - present, reverse=True)
    if gone:
        _change_items(ctx, source, "sync-deleted", lambda: follower.delete_items(gone), gone)
    position.configs_since_ms = max(
        [position.configs_since_ms, *(item.modified_ms + 1 for item in configs.changed)]
    )
    position.known_items = list(configs.names)


def _first_known(ctx: Context, source: Side) -> list[str]:
    """What counts as known to ``source`` at the first look; what of it is gone later was deleted there."""
    # A new owner begins with what it has: what only the old one has was never deleted, it is named (name_what_stays).
    # A clone began with what the backup had: what is gone from the owner since then was deleted there.
    side = source if "former_owner" in ctx.upgrade.facts else source.other
    return list(ctx.jenkins(side).item_configs(NEVER_MS).names)


def _change_items(ctx: Context, source: Side, change: str, act: Callable[[], None], names: list[str]) -> None:
    try:
        ctx.change(change, act, again=True, detail={"items": names})
    except Permanent as error:
        if source is Side.BLUE:
            raise
        # The way back must not wait for what the older release cannot take, such as a job of a new kind.
        ctx.say(
            "Changes of jobs on green did not reach blue; they are on green only.",
            str(error),
            tone="warning",
            key=f"{change}-{ctx.clock.now():.0f}",
        )


def name_what_stays(ctx: Context, old: Side) -> None:
    """After a handover: tell which jobs only the old owner has, or has changed since it was last looked at. There they stay.

    :raises Temporary: when a side does not answer.
    """
    new, position = old.other, _load(ctx, old)
    try:
        found = ctx.jenkins(old).item_configs(position.configs_since_ms if position else NEVER_MS)
        there = set(ctx.jenkins(new).item_configs(NEVER_MS).names)
    except Permanent as error:
        ctx.say("The jobs of both sides could not be compared.", str(error), tone="warning", key="stays")
        return
    changed = {item.name for item in found.changed}
    lines = [
        f"`{name}` is on {old.value} only" if name not in there else f"`{name}` was changed on {old.value}"
        for name in found.names
        if name not in there or name in changed
    ]
    if lines:
        more = [f"and {len(lines) - NAMED} more"] if len(lines) > NAMED else []
        ctx.say(
            f"{new.value.capitalize()} does not have everything that was made or changed on {old.value}.",
            *lines[:NAMED],
            *more,
            f"Nothing was deleted: take over to {new.value} what is needed there.",
            tone="warning",
            key="stays",
        )
def _with_parents(job: str) -> set[str]:
    """``a/b/c``, ``a/b`` and ``a``."""
    parts = job.split("/")
    return {"/".join(parts[:length]) for length in range(1, len(parts) + 1)}


def _note_lag(ctx: Context, seconds: float) -> None:
    ctx.store.put_document(f"lag:{ctx.id}", {"at": ctx.clock.now(), "seconds": round(seconds, 2)})


def _key(job: str, number: int) -> str:
    return f"{job}#{number}"


def _load(ctx: Context, side: Side) -> _Position | None:
    data = ctx.store.document(f"sync:{ctx.id}:{side.value}")
    if data is None:
        return None
    return _Position(
        data["since_ms"],
        [BuildRef(job, number) for job, number in data["watched"]],
        dict(data["carried"]),
        [BuildRef(job, number) for job, number in data.get("late", [])],
        data["configs_since_ms"],
        data["known_items"],
    )


def _save(ctx: Context, side: Side, position: _Position) -> None:
    ctx.store.put_document(
        f"sync:{ctx.id}:{side.value}",
        {
            "since_ms": position.since_ms,
            "watched": [[ref.job, ref.number] for ref in position.watched],
            "carried": position.carried,
            "late": [[ref.job, ref.number] for ref in position.late],
            "configs_since_ms": position.configs_since_ms,
            "known_items": position.known_items,
        },
    )
