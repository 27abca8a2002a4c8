"""`ci-upgrade history` and `report`: past upgrades, and the audit journal. They read the state directory and change nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bot.audit import FIELDS, START, first_fault
from bot.cli.options import config_option
from bot.config import load
from bot.errors import Refused
from bot.report import as_json, as_markdown, report

__all__ = ["history", "upgrade_report"]

SHOWN = 50
EXPORTED = {*FIELDS, "previous", "hash"}


@click.group(invoke_without_command=True)
@click.option("--controller", metavar="NAME", help="Only this one's.")
@config_option
@click.pass_context
def history(ctx: click.Context, controller: str | None, config_path: Path) -> None:
    """The last upgrades; `export` writes the audit journal, `verify` looks whether it is whole.

    \b
      ci-upgrade history --controller main
      ci-upgrade history export --output audit.jsonl
      ci-upgrade history verify audit.jsonl
    """
    ctx.obj = config_path
    if ctx.invoked_subcommand is not None:
        return
    from bot.bootstrap import open_store  # see bot.cli.root.serve

    config = load(config_path)
    if controller is not None and controller not in config.controllers:
        raise Refused(
            f"There is no controller `{controller}`. There are: {', '.join(sorted(config.controllers))}."
        )
    upgrades = open_store(config).history(controller, SHOWN)
    for one in upgrades:
        begun = datetime.fromtimestamp(one.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        click.echo(f"{one.id}  {begun}  {one.controller}  {one.source} -> {one.target}  {one.status.value}")
    if not upgrades:
        click.echo("No upgrade yet.")


@history.command()
@click.option("--upgrade", metavar="ID", help="Only this one's entries.  [default: the whole journal]")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there.  [default: print it]"
)
@click.pass_obj
def export(config_path: Path, upgrade: str | None, output: Path | None) -> None:
    """The audit journal: a line of JSON for each entry, each with its hash and the one before.

    The file is readable for its owner only: it says who did what.
    """
    from bot.bootstrap import open_store  # see bot.cli.root.serve

    store = open_store(load(config_path))
    if upgrade is not None:
        store.get(upgrade)
    lines = (
        json.dumps(row, ensure_ascii=False)
        for row in store.audit_rows()
        if upgrade is None or row["upgrade"] == upgrade
    )
    if output is None:
        for line in lines:
            click.echo(line)
        return
    try:
        with open(output, "w", encoding="utf-8", opener=_for_its_owner) as file:  # Path.open takes no opener
            os.fchmod(file.fileno(), 0o600)  # it may have been there before
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise Refused(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {output}.")


@history.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--part", is_flag=True, help="FILE is a part of the journal, such as one upgrade's entries.")
@click.option(
    "--head", metavar="HASH", default="", help="A hash that was noted earlier: it must be in the chain."
)
@click.pass_obj
def verify(config_path: Path, file: Path | None, part: bool, head: str) -> None:
    """Whether the journal, or an exported FILE, is as it was written. Exit code 1 if it is not.

    Whoever could write the whole database could chain it anew. That shows only against a hash that is kept elsewhere: the
    report at the end of each upgrade names one in Slack; give it as --head. With --part each entry is checked, and neighbours
    against each other; what a part leaves out it cannot show.
    """
    if file is not None:
        rows: list[Mapping[str, Any]] = list(_exported(file))
    elif part:
        raise click.UsageError("--part is for an exported FILE: name it.")
    else:
        from bot.bootstrap import open_store  # see bot.cli.root.serve

        rows = list(open_store(load(config_path)).audit_rows())
    fault = first_fault(rows, part=part)
    if fault is not None:
        hint = "" if part or file is None else " (If the file is one upgrade's entries, say so with --part.)"
        raise Refused(f"{fault[0].upper()}{fault[1:]}.{hint}")
    if head and all(row["hash"] != head for row in rows):
        raise Refused(
            "The hash that was noted is not in the chain: it was written anew, or entries at its end were taken out."
        )
    newest = rows[-1]["hash"] if rows else START
    click.echo(f"{len(rows)} entries, all as they were written. The newest hash is {newest or 'none yet'}.")


@click.command("report")
@click.argument("upgrade", metavar="ID")
@click.option("--json", "json_wanted", is_flag=True, help="For programs.")
@config_option
def upgrade_report(upgrade: str, json_wanted: bool, config_path: Path) -> None:
    """What an upgrade did: timeline, decisions with their evidence, figures, changes, what is left to a human."""
    from bot.bootstrap import open_store  # see bot.cli.root.serve

    store = open_store(load(config_path))
    content = report(store, store.get(upgrade))
    click.echo(as_json(content) if json_wanted else as_markdown(content), nl=False)


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _exported(file: Path) -> Iterator[dict[str, Any]]:
    """:raises Refused: for a line that no export has written."""
    for number, line in enumerate(file.read_bytes().decode("utf-8", "replace").rstrip("\n").split("\n"), 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        # More than these would be words that no hash covers.
        if not isinstance(row, dict) or set(row) != EXPORTED or not isinstance(row["seq"], int):
            raise Refused(f"Line {number} of {file} is not an entry of an exported journal.")
        yield row
