"""`ci-upgrade check`, `adopt` and `health`: setting the bot up, and seeing that it lives."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from bot.cli.options import config_option
from bot.config import load
from bot.heartbeat import OLD_SECONDS, age

__all__ = ["adopt", "check", "health"]

MARKS = {"ready": "✓", "warning": "!", "missing": "✗"}


@click.command()
@config_option
def check(config_path: Path) -> None:
    """Look at every configured controller, its environment and router, and at Slack; say what is ready, and what to do about the rest.

    Changes nothing, and needs no running bot.

    Exit codes: 0 all is ready (warnings are marked with !), 1 something is missing, 2 the configuration is wrong.
    """
    from bot.bootstrap import check_everything  # see bot.cli.root.serve

    ready = True
    for place, outcomes in check_everything(load(config_path)):
        click.echo(place)
        for outcome in outcomes:
            ready = ready and outcome.level != "missing"
            click.echo(f"  {MARKS[outcome.level]} {outcome.what}: {outcome.text}")
    sys.exit(0 if ready else 1)


@click.command()
@click.argument("container")
@click.option("--name", default="main", show_default=True, help="What the controller is to be called.")
@click.option("--docker-host", help="The engine, when it is not the one of DOCKER_HOST or this machine.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Write there, unless the file exists. [default: print it]",
)
def adopt(container: str, name: str, docker_host: str | None, output: Path | None) -> None:
    """Write a starting configuration for the Jenkins in CONTAINER from what Docker says of it. Changes nothing about the container.

    \b
      ci-upgrade adopt jenkins --output ci-upgrade.yaml
      ci-upgrade check --config ci-upgrade.yaml
    """
    from bot.bootstrap import starting_configuration  # see bot.cli.root.serve

    text = starting_configuration(container, name, docker_host)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise click.UsageError(f"{output} exists and is left as it is: name another file.") from error
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {output}. Fill in what it marks with TODO, then: ci-upgrade check --config {output}")


@click.command()
@config_option
def health(config_path: Path) -> None:
    """For health checks of containers: does a bot serve from this configuration's state directory?

    Exit codes: 0 yes, 1 no.
    """
    seconds = age(load(config_path).state_directory, time.time())
    if seconds is None or seconds > OLD_SECONDS:
        said = (
            "no sign of a bot yet" if seconds is None else f"the last sign of the bot is {seconds:.0f} s old"
        )
        click.echo(said, err=True)
        sys.exit(1)
    click.echo("serving")
