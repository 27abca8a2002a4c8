"""The planned plugins on green: put into its home while it is stopped, and found again once it runs.

Green's first start is on the new core, so what must stand before the core, what changes with it and what needs it are all
there by then, written in the plan's order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from bot.context import Context
from bot.errors import Permanent
from bot.model import Instance, Plugin, Side
from bot.plugins import Change, PluginPlan
from bot.plugins.detached import is_detached
from bot.plugins.version_number import older
from bot.ports import Selection
from bot.tar_stream import members, plain_files
from bot.upgrade_plan.stored import planned

__all__ = ["brought_by_core", "differences", "place_plugins"]

CHUNK = 1 << 20


def place_plugins(ctx: Context) -> None:
    """Write every planned plugin into the home of the stopped green.

    :raises Permanent: when a file cannot be had with the checksum of the plan, or did not arrive whole.
    """
    plan = planned(ctx.store, ctx.id)
    if not plan.changes:
        return
    green = ctx.upgrade.instance(Side.GREEN)
    detail = {change.name: {"from": change.current, "to": change.version} for change in plan.changes}
    ctx.change("plugins", partial(_place, ctx, green, plan.changes), detail=detail)
    lines = [
        f"{change.name} {change.current or 'new'} → {change.version}: {'; '.join(change.reasons)}"
        for change in plan.changes
    ]
    ctx.say(f"{len(plan.changes)} plugins are in place on green", *lines, key="plugins")


def differences(plan: PluginPlan, found: Collection[Plugin]) -> list[str]:
    """Plugins that are not what the plan says, but for newer ones that the core brought itself."""
    there = {plugin.name: plugin.version for plugin in found}
    brought = brought_by_core(plan, found)
    return [
        f"{name} is {there.get(name, 'missing')}, planned was {version}"
        for name, version in sorted(plan.versions().items())
        if there.get(name) != version and name not in brought
    ]


def brought_by_core(plan: PluginPlan, found: Collection[Plugin]) -> Mapping[str, str]:
    """Name → version of what the core took from its war at its first start, because it was missing or older than that.

    Those are plugins that once were part of the core, and of what these need whatever was too old for them
    (``PluginManager.loadDetachedPlugins``).
    """
    there = {plugin.name: plugin for plugin in found}
    planned_versions = plan.versions()

    def raised(name: str) -> bool:
        version = planned_versions.get(name)
        return name in there and (version is None or older(version, there[name].version))

    brought: dict[str, str] = {}
    left = [name for name in there if is_detached(name)]
    while left:
        name = left.pop()
        if raised(name) and name not in brought:
            brought[name] = there[name].version
            left += [need.name for need in there[name].dependencies if not need.optional]
    return brought


def _place(ctx: Context, green: Instance, changes: Sequence[Change]) -> None:
    """All in one stream: an environment may need a moment for each, and a missing file fails before anything is written."""
    updates, environment = ctx.services.updates, ctx.services.environment
    if updates is None:
        raise Permanent("the plan changes plugins, but no update centre is configured: configure it again.")
    files = [(change, updates.file(change.release, ctx.stop)) for change in changes]
    environment.write_home(green, plain_files(_members(ctx, files), ctx.clock.now()))
    found = _digests_on(ctx, green, [_path(change) for change in changes])
    damaged = [_path(change) for change in changes if found.get(_path(change)) != change.release.sha256]
    if damaged:
        raise Permanent(
            f"on green these are not the files that were written: {', '.join(damaged)}. Is its disk full or damaged?"
        )


def _path(change: Change) -> str:
    return f"plugins/{change.name}.jpi"


def _members(
    ctx: Context, files: Iterable[tuple[Change, Path]]
) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    for change, file in files:
        if not change.enabled:
            # The marker belongs to the file's name; a plugin that was installed as .hpi has another one.
            yield f"{_path(change)}.disabled", 0, iter(())
        yield _path(change), file.stat().st_size, _chunks(ctx, file)


def _chunks(ctx: Context, file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            ctx.stop.check()
            yield chunk


def _digests_on(ctx: Context, green: Instance, paths: Sequence[str]) -> Mapping[str, str]:
    """Path → SHA-256 of those that are there."""
    only = Selection(lambda path, _is_directory: path in paths, roots=tuple(paths))
    stream = ctx.services.environment.read_home(green, only, lambda _path, _why: None)
    found = {}
    for member, content in members(stream):
        if member.isfile():
            digest = hashlib.sha256()
            for chunk in content():
                digest.update(chunk)
            found[member.name.removeprefix("./")] = digest.hexdigest()
    return found
