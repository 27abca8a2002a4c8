"""Backup: an archive of JENKINS_HOME taken from the running blue, read back and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.context import Context
from bot.errors import Permanent
from bot.home_rules import in_backup, is_essential
from bot.model import Side
from bot.ownership.sync import start_from
from bot.ports import Selection

__all__ = ["run", "users_key"]


def run(ctx: Context) -> str:
    upgrade, backups = ctx.upgrade, ctx.services.backups
    blue = ctx.jenkins(Side.BLUE)
    # Made lazily by Jenkins; without it in the backup, passwords queued on one side could not be read on the other.
    ctx.change("secret-key", blue.ensure_secret_key)
    if ctx.store.document(users_key(ctx.id)) is None:
        ctx.store.put_document(users_key(ctx.id), {"ids": list(blue.users())})
    # Builds that run now are left out of green, and carried over as they finish: the sync begins here.
    if ctx.store.document(f"sync:{ctx.id}:blue") is None:
        since = blue.identity().now_ms
        start_from(ctx, Side.BLUE, since, blue.builds(since, ()).running)
    ctx.change("archive", lambda: _archive(ctx))
    ctx.change("verify", lambda: backups.verify(ctx.id, ctx.stop))
    record = backups.get(ctx.id)
    assert record is not None, "a verified backup exists"
    size = f"{record.files} files, {record.bytes / 1024**2:.1f} MiB, {record.archive_bytes / 1024**2:.1f} MiB packed"
    ctx.update(lambda row: row.with_facts(backup=record.id, backup_size=size))
    if record.skipped:
        listed = [f"{path}: {why}" for path, why in list(record.skipped.items())[:10]]
        ctx.say(
            f"{len(record.skipped)} files could not be backed up whole",
            *listed,
            tone="warning",
            key="skipped",
        )
    return f"{size}; read back and compared with {upgrade.controller}'s manifest"


def users_key(upgrade: str) -> str:
    """Of the document with the users that blue had before the backup."""
    return f"users:{upgrade}"


def _archive(ctx: Context) -> None:
    if ctx.services.backups.get(ctx.id) is not None:
        return  # written before a crash; it is verified next
    upgrade = ctx.upgrade
    skipped: dict[str, str] = {}

    def chunks() -> Iterator[bytes]:
        for chunk in ctx.services.environment.read_home(
            upgrade.blue, Selection(keep=in_backup), skipped.__setitem__
        ):
            ctx.stop.check()
            yield chunk
        _require_essentials(skipped)

    ctx.services.backups.write(ctx.id, upgrade.controller, upgrade.source, chunks(), skipped)


def _require_essentials(skipped: Mapping[str, str]) -> None:
    """Before the archive gets its name: a backup that cannot be restored is none."""
    missing = sorted(path for path in skipped if is_essential(path))
    if missing:
        raise Permanent(
            f"{', '.join(missing[:5])} of JENKINS_HOME could not be read ({skipped[missing[0]]}). Without them no copy can read its "
            "credentials. Let the bot read them, then resume: in a container as its root, which NFS with root_squash and dropped "
            "capabilities keep from it"
        )
