"""Copies directories of builds and of whole jobs from one side's home to the other's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from bot.context import Context
from bot.errors import Temporary
from bot.home_rules import SYNC_LAST, in_backup, never_synced
from bot.model import FinishedBuild, Side
from bot.ports import Selection
from bot.tar_stream import without_unfinished

__all__ = ["carry_builds", "carry_jobs"]


def carry_builds(ctx: Context, source: Side, builds: Iterable[FinishedBuild]) -> frozenset[str]:
    """Copy builds; returns directories of those whose record on disk says that they are still under way."""
    roots = sorted({build.directory for build in builds})
    return _copy(ctx, source, roots, lambda path, _is_directory: not never_synced(path))


def carry_jobs(ctx: Context, source: Side, wanted: Collection[str]) -> None:
    """Copy what a job's directory holds, its finished builds above all, and let the other side see it.

    A job that the other side has is read again there. One that it lacks is found by reading its folder again: so it gets a branch,
    which nobody but its folder can create.
    """
    target = ctx.jenkins(source.other)
    places = {name: path for path, name in ctx.jenkins(source).job_directories().items() if name in wanted}
    _copy(
        ctx,
        source,
        sorted(places.values()),
        lambda path, is_directory: in_backup(path, is_directory) and not never_synced(path),
    )
    known = set(target.job_directories().values())
    target.reload(sorted({name if name in known else name.rpartition("/")[0] for name in places} - {""}))


def _copy(ctx: Context, source: Side, roots: list[str], keep: Callable[[str, bool], bool]) -> frozenset[str]:
    upgrade, environment = ctx.upgrade, ctx.services.environment
    selection = Selection(keep=keep, roots=tuple(roots), last=SYNC_LAST)
    skipped: dict[str, str] = {}
    unfinished: set[str] = set()

    def chunks() -> Iterator[bytes]:
        yield from environment.read_home(upgrade.instance(source), selection, skipped.__setitem__)
        lost = sorted(path for path in skipped if path.rsplit("/", 1)[-1] in SYNC_LAST)
        if lost:
            raise Temporary(f"{lost[0]} of a finished build could not be read: {skipped[lost[0]]}")

    def stoppable() -> Iterator[bytes]:
        for chunk in without_unfinished(chunks(), unfinished):
            ctx.stop.check()
            yield chunk

    if roots:
        environment.write_home(upgrade.instance(source.other), stoppable())
    return frozenset(unfinished)
