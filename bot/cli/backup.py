"""`ci-upgrade backup`: look at, check and restore backups without the bot running."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from bot.cli.options import config_option
from bot.config import load
from bot.errors import Permanent
from bot.ports import Backups

__all__ = ["backup"]


@click.group()
@config_option
@click.pass_context
def backup(ctx: click.Context, config_path: Path) -> None:
    """List, check and restore the backups that upgrades made.

    \b
    ci-upgrade backup list
    ci-upgrade backup verify u7f3a2
    ci-upgrade backup restore u7f3a2 --to /var/lib/jenkins-restored
    """
    from bot.bootstrap import (
        build_backups,  # the SDKs behind it take a moment to import; --help should not wait for them
    )

    ctx.obj = build_backups(load(config_path))


@backup.command("list")
@click.pass_obj
def list_backups(backups: Backups) -> None:
    """All backups, newest first."""
    records = backups.list()
    for record in records:
        when = datetime.fromtimestamp(record.created_at, UTC).strftime("%Y-%m-%d %H:%M")
        marks = " encrypted" if record.encrypted else ""
        size = f"{record.bytes / 1024**2:.1f} MiB in {record.files} files"
        click.echo(
            f"{record.id}  {record.controller} {record.version}  {when} UTC  {size}, {record.archive_bytes / 1024**2:.1f} MiB packed{marks}"
        )
    if not records:
        click.echo("There is no backup yet: each upgrade makes one.")


@backup.command()
@click.argument("backup_id", metavar="ID")
@click.pass_obj
def verify(backups: Backups, backup_id: str) -> None:
    """Read a backup back and compare every file with its manifest. Exit code 1 when it is damaged."""
    record = backups.verify(backup_id)
    click.echo(f"{backup_id} is whole: {record.files} files, {record.bytes} bytes, all as written.")


@backup.command()
@click.argument("backup_id", metavar="ID")
@click.option(
    "--to", "target", required=True, type=click.Path(path_type=Path), help="An empty or new directory."
)
@click.pass_obj
def restore(backups: Backups, backup_id: str, target: Path) -> None:
    """Unpack a backup into an empty directory, as the JENKINS_HOME it was."""
    from bot.bootstrap import unpack_home  # see above

    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise click.UsageError(f"{target} is not an empty directory: a restore never writes over anything.")
    record = backups.get(backup_id)
    if record is None:
        raise Permanent(f"there is no backup {backup_id}; `ci-upgrade backup list` shows them")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress, backups.read(backup_id) as chunks:
        task = progress.add_task(f"Restoring {backup_id}", total=record.bytes)

        def counted() -> Iterator[bytes]:
            for chunk in chunks:
                progress.advance(task, len(chunk))
                yield chunk

        unpack_home(target, counted())
    click.echo(f"{record.files} files restored to {target}.")
