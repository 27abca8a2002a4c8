"""Clone: green is built from the backup, never from blue's disk, so every upgrade proves that its backup restores."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from bot.context import Context
from bot.ownership.cut_off import note_cut_off
from bot.tar_stream import clone_stream, unfinished_builds
from bot.upgrade import Upgrade

__all__ = ["green_name", "run"]


def run(ctx: Context) -> str:
    upgrade, environment = ctx.upgrade, ctx.services.environment
    ctx.change("fetch", lambda: _fetch(ctx))
    ctx.change("create", lambda: _create(ctx))
    green = ctx.upgrade.green
    assert green is not None, "green was created"
    ctx.change("restore", lambda: environment.write_home(green, _home(ctx)))
    return f"green's home was restored from backup {upgrade.facts['backup']}; its address is {green.url}"


def _fetch(ctx: Context) -> None:
    target = ctx.upgrade.target

    def progress(text: str) -> None:
        ctx.stop.check()
        ctx.say(f"Fetching {target}", text, key="fetch")

    core = ctx.services.environment.fetch(target, ctx.upgrade.blue, progress)
    ctx.update(lambda row: row.with_facts(core=core.reference))


def green_name(upgrade: Upgrade) -> str:
    """Of the instance that an upgrade makes."""
    return f"{upgrade.controller}-{upgrade.id}"


def _create(ctx: Context) -> None:
    upgrade = ctx.upgrade
    green = ctx.services.environment.create(green_name(upgrade), upgrade.blue, upgrade.target, ctx.id)
    ctx.update(lambda row: dataclasses.replace(row, green=green))


def _home(ctx: Context) -> Iterator[bytes]:
    """Two passes over the archive: which builds are unfinished is known only at its end."""
    backups = ctx.services.backups
    with backups.read(ctx.id) as chunks:
        unfinished = unfinished_builds(_checked(ctx, chunks))
    note_cut_off(ctx, unfinished)
    with backups.read(ctx.id) as chunks:
        yield from clone_stream(_checked(ctx, chunks), unfinished, ctx.services.follower_guard(ctx.id))


def _checked(ctx: Context, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        ctx.stop.check()
        yield chunk
