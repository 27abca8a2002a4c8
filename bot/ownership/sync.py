"""Carries finished builds and changed job configurations from the owner to the follower.

Positions are kept in a document, so that a restarted bot goes on where it was; carrying a build twice changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.home_rules import SYNC_LAST, never_synced
from bot.model import BuildRef, FinishedBuild, RunningBuild, Side
from bot.ports import Selection

__all__ = [
    "SyncReport",
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
NAMES_ONLY_MS = 2**53 - 1
"""Later than any change: only the names of all items are wanted."""
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
    """Finished builds whose job was not on the other side yet."""
    configs_since_ms: int = 0
    known_items: list[str] | None = None


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
    return (*position.watched, *position.late) if position else ()


def sync(ctx: Context, source: Side, *, configs: bool = True) -> SyncReport:
    """Bring the other side up to date with ``source``. Without a position (never started) nothing is carried."""
    position = _load(ctx, source)
    if position is None:
        return SyncReport(0, ())
    if configs:
        _sync_items(ctx, source, position)
    ctx.stop.check()
    began = time.monotonic()
    report = ctx.jenkins(source).builds(position.since_ms, [*position.watched, *position.late])
    found = [build for build in report.finished if _key(build.job, build.number) not in position.carried]
    absent = _still_absent(ctx, source, position)
    fresh = [build for build in found if build.job not in absent]
    if fresh:
        names = [_key(build.job, build.number) for build in fresh]
        carry = ctx.change("sync", lambda: _carry(ctx, source, fresh), again=True, detail={"builds": names})
        absent |= set(carry or ())
        oldest = min(build.ended_ms for build in fresh)
        _note_lag(ctx, (report.now_ms - oldest) / 1000 + time.monotonic() - began)
    else:
        _note_lag(ctx, 0.0)
    since = report.now_ms - OVERLAP_MS
    seen = position.carried | {_key(b.job, b.number): b.started_ms for b in found if b.job not in absent}
    _save(
        ctx,
        source,
        _Position(
            since,
            [BuildRef(build.job, build.number) for build in report.running],
            {key: started for key, started in seen.items() if started >= since},
            [BuildRef(build.job, build.number) for build in found if build.job in absent],
            position.configs_since_ms,
            position.known_items,
        ),
    )
    return SyncReport(len(fresh), report.running)


def _still_absent(ctx: Context, source: Side, position: _Position) -> set[str]:
    """Jobs that late builds wait for. Until such a job is there, copying its builds again would serve nobody."""
    jobs = sorted({ref.job for ref in position.late})
    return set(ctx.jenkins(source.other).reload(jobs)) if jobs else set()


def _carry(ctx: Context, source: Side, builds: list[FinishedBuild]) -> tuple[str, ...]:
    """Copy build directories, then let the target see them. Returns jobs that do not exist there."""
    upgrade, environment = ctx.upgrade, ctx.services.environment
    selection = Selection(
        keep=lambda path, _is_directory: not never_synced(path),
        roots=tuple(sorted({build.directory for build in builds})),
        last=SYNC_LAST,
    )
    skipped: dict[str, str] = {}

    def chunks() -> Any:
        for chunk in environment.read_home(upgrade.instance(source), selection, skipped.__setitem__):
            ctx.stop.check()
            yield chunk
        lost = sorted(path for path in skipped if path.rsplit("/", 1)[-1] in SYNC_LAST)
        if lost:
            raise Temporary(f"{lost[0]} of a finished build could not be read: {skipped[lost[0]]}")

    environment.write_home(upgrade.instance(source.other), chunks())
    return ctx.jenkins(source.other).reload(sorted({build.job for build in builds}))


def _sync_items(ctx: Context, source: Side, position: _Position) -> None:
    owner, follower = ctx.jenkins(source), ctx.jenkins(source.other)
    configs = owner.item_configs(position.configs_since_ms)
    if position.known_items is None:
        position.known_items = _first_known(ctx, source, configs.names)
    gone = sorted(set(position.known_items) - set(configs.names), reverse=True)
    if configs.changed:
        names = [item.name for item in configs.changed]
        _change_items(ctx, source, "sync-items", lambda: follower.write_items(configs.changed), names)
    if gone:
        _change_items(ctx, source, "sync-deleted", lambda: follower.delete_items(gone), gone)
    position.configs_since_ms = max(
        [position.configs_since_ms, *(item.modified_ms + 1 for item in configs.changed)]
    )
    position.known_items = list(configs.names)


def _first_known(ctx: Context, source: Side, names: tuple[str, ...]) -> list[str]:
    """What counts as known to ``source`` at the first look; what of it is gone later was deleted there."""
    if "former_owner" in ctx.upgrade.facts:
        # A new owner begins with what it has. What only the old one has was never deleted: it is named (name_what_stays).
        return list(names)
    # A clone began with what the backup had: what is gone from the owner since then was deleted there.
    return list(ctx.jenkins(source.other).item_configs(NAMES_ONLY_MS).names)


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
        found = ctx.jenkins(old).item_configs(position.configs_since_ms if position else NAMES_ONLY_MS)
        there = set(ctx.jenkins(new).item_configs(NAMES_ONLY_MS).names)
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
