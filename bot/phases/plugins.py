"""The planned plugins on green: put into its home while it is stopped, and found again once it runs.

Green's first start is on the new core, so what must stand before the core, what changes with it and what needs it are all
there by then, written in the plan's order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
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

__all__ = ["differences", "place_plugins"]

CHUNK = 1 << 20


def place_plugins(ctx: Context) -> int:
    """Write every planned plugin into the home of the stopped green; returns how many the plan has.

    :raises Permanent: when a file cannot be had with the checksum of the plan, or did not arrive whole.
    """
    plan = planned(ctx.store, ctx.id)
    green = ctx.upgrade.instance(Side.GREEN)
    for change in plan.changes:
        ctx.stop.check()
        detail = {"from": change.current, "to": change.version, "sha256": change.release.sha256}
        ctx.change(f"plugin-{change.name}", partial(_place, ctx, green, change), detail=detail)
    if plan.changes:
        lines = [
            f"{change.name} {change.current or 'new'} → {change.version}: {'; '.join(change.reasons)}"
            for change in plan.changes
        ]
        ctx.say(f"{len(plan.changes)} plugins are in place on green", *lines, key="plugins")
    return len(plan.changes)


def differences(plan: PluginPlan, found: Iterable[Plugin]) -> list[str]:
    """Plugins that are not what the plan says. A plugin that was once part of the core may be newer: the core brings its own copy."""
    there = {plugin.name: plugin.version for plugin in found}
    return [
        f"{name} is {there.get(name, 'missing')}, planned was {version}"
        for name, version in sorted(plan.versions().items())
        if there.get(name) != version
        and not (name in there and is_detached(name) and older(version, there[name]))
    ]


def _place(ctx: Context, green: Instance, change: Change) -> None:
    updates = ctx.services.updates
    if updates is None:
        raise Permanent(
            "the plan changes plugins, but no update centre is configured any more: configure it again."
        )
    file = updates.file(change.release, ctx.stop)
    name = f"plugins/{change.name}.jpi"
    files = [(name, file.stat().st_size, _chunks(ctx, file))]
    if not change.enabled:
        # The marker belongs to the file's name; a plugin that was installed as .hpi has another one.
        files.insert(0, (f"{name}.disabled", 0, iter(())))
    environment = ctx.services.environment
    environment.write_home(green, plain_files(files, ctx.clock.now()))
    if _digest_on(ctx, green, name) != change.release.sha256:
        raise Permanent(f"{name} on green is not the file that was written: is its disk full or damaged?")


def _chunks(ctx: Context, file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            ctx.stop.check()
            yield chunk


def _digest_on(ctx: Context, green: Instance, name: str) -> str | None:
    only = Selection(lambda path, is_directory: path == name and not is_directory, roots=("plugins",))
    stream = ctx.services.environment.read_home(green, only, lambda _path, _why: None)
    found = None
    for member, content in members(stream):
        if member.isfile() and member.name.removeprefix("./") == name:
            digest = hashlib.sha256()
            for chunk in content():
                digest.update(chunk)
            found = digest.hexdigest()
    return found
