"""`ci-upgrade plan`: the whole plan of an upgrade, without a running bot. Changes nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bot.cli.options import config_option
from bot.config import load
from bot.errors import Refused
from bot.upgrade_plan.wording import plan_parts, summary
from bot.versions import parse_version

__all__ = ["plan"]


@click.command()
@click.argument("controller")
@click.argument("version")
@config_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def plan(controller: str, version: str, config_path: Path, as_json: bool) -> None:
    """Check whether CONTROLLER can be upgraded to VERSION, and show what that would change.

    Exit codes: 0 ready, 1 there are blockers, 2 used or configured wrongly.
    """
    from bot.bootstrap import make_plan_of  # see bot.cli.root.serve

    config = load(config_path)
    if controller not in config.controllers:
        names = ", ".join(sorted(config.controllers))
        raise click.UsageError(f"there is no controller {controller!r}; configured are: {names}.")
    try:
        parse_version(version)
    except Refused as error:
        raise click.UsageError(str(error)) from error
    made = make_plan_of(config, controller, version)
    if as_json:
        click.echo(json.dumps(made.to_json(), indent=2, ensure_ascii=False))
    else:
        click.echo(summary(made))
        for part in plan_parts(made):
            click.echo(f"\n{part.title}")
            for line in part.lines:
                click.echo(f"  {line}")
    sys.exit(1 if made.blockers else 0)
