"""Carries finished builds and changed job configurations from the owner to the follower.

Positions are kept in a document, so that a restarted bot goes on where it was; carrying a build twice changes nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from bot.context import Context
from bot.errors import Permanent, Temporary
from bot.home_rules import SYNC_LAST, never_synced
from bot.model import BuildRef, FinishedBuild, RunningBuild, Side
from bot.ports import Selection

__all__ = ["SyncReport", "known_running", "running_builds", "start_from", "sync"]

OVERLAP_MS = 5_000
"""Builds that started this long before the last look are asked for again: clocks of a controller are not that exact."""


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


def known_running(ctx: Context, side: Side) -> int | None:
    """How many builds this side ran at the last sync; None before the first."""
    position = _load(ctx, side)
    return len(position.watched) if position else None


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
    report = ctx.jenkins(source).builds(position.since_ms, position.watched)
    fresh = [build for build in report.finished if _key(build.job, build.number) not in position.carried]
    missing: tuple[str, ...] = ()
    if fresh:
        names = [_key(build.job, build.number) for build in fresh]
        missing = (
            ctx.change("sync", lambda: _carry(ctx, source, fresh), again=True, detail={"builds": names}) or ()
        )
        oldest = min(build.ended_ms for build in fresh)
        _note_lag(ctx, (report.now_ms - oldest) / 1000 + time.monotonic() - began)
    else:
        _note_lag(ctx, 0.0)
    since = report.now_ms - OVERLAP_MS
    late = [BuildRef(build.job, build.number) for build in fresh if build.job in missing]
    seen = position.carried | {_key(b.job, b.number): b.started_ms for b in fresh if b.job not in missing}
    _save(
        ctx,
        source,
        _Position(
            since,
            [BuildRef(build.job, build.number) for build in report.running] + late,
            {key: started for key, started in seen.items() if started >= since},
            position.configs_since_ms,
            position.known_items,
        ),
    )
    if unwritten is not None:
        raise unwritten
    return SyncReport(len(fresh), report.running)


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
        # The follower began with what the backup had: what is gone from the owner since then was deleted there.
        position.known_items = list(follower.item_configs(configs.now_ms).names)
    gone = sorted(set(position.known_items) - set(configs.names), reverse=True)
    if configs.changed:
        names = [item.name for item in configs.changed]
        ctx.change(
            "sync-items", lambda: follower.write_items(configs.changed), again=True, detail={"items": names}
        )
    if gone:
        ctx.change("sync-deleted", lambda: follower.delete_items(gone), again=True, detail={"items": gone})
    position.configs_since_ms = max(
        [position.configs_since_ms, *(item.modified_ms + 1 for item in configs.changed)]
    )
    position.known_items = list(configs.names)


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
            "configs_since_ms": position.configs_since_ms,
            "known_items": position.known_items,
        },
    )
