"""`ci-upgrade approve`, `hold`, `resume` and `rollback` on the bot's machine: for when Slack is down. The bot itself acts."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.options import config_option
from bot.config import load
from bot.errors import BotError, Refused
from bot.local_client import NotRunning, ask
from bot.local_protocol import Reply, Request

__all__ = ["NOT_RUNNING", "approve", "hold", "resume", "rollback", "show"]

NOT_RUNNING = 3
"""Exit code where no bot runs."""

_named = click.argument("named", metavar="[CONTROLLER|ID]", default="")
_reason = click.option("--reason", default="", help="Shown in the thread and kept in the journal.")


@click.command()
@_named
@_reason
@click.option("--yes", is_flag=True, help="Do not ask; needs --evidence.")
@click.option(
    "--evidence", metavar="HASH", default="", help="The figures that are approved, as shown before."
)
@config_option
def approve(named: str, reason: str, yes: bool, evidence: str, config_path: Path) -> None:
    """Approve the step that waits, after a look at the figures it rests on.

    Without --yes the question is shown and asked. For programs: --yes with the --evidence that was shown; other figures
    by then are not approved.
    """
    if yes != bool(evidence):
        raise click.UsageError(
            "--yes and --evidence belong together: what is approved unseen has to be named."
        )
    directory = load(config_path).state_directory
    if not yes:
        question = _ask(directory, Request("question", named))
        show(question)
        click.echo(f"Evidence: {question.evidence}")
        if question.needs_reason and not reason:
            raise Refused("The comparison failed, so approving needs a written reason: --reason TEXT.")
        click.confirm("Approve?", default=False, abort=True)
        evidence = question.evidence
    show(_ask(directory, Request("approve", named, reason, evidence)))


@click.command()
@_named
@_reason
@config_option
def hold(named: str, reason: str, config_path: Path) -> None:
    """Stop an upgrade before its next step."""
    show(_ask(load(config_path).state_directory, Request("hold", named, reason)))


@click.command()
@_named
@_reason
@config_option
def resume(named: str, reason: str, config_path: Path) -> None:
    """Go on after a hold; after a failed comparison only with a reason."""
    show(_ask(load(config_path).state_directory, Request("resume", named, reason)))


@click.command()
@_named
@_reason
@config_option
def rollback(named: str, reason: str, config_path: Path) -> None:
    """Send all users back to the old controller at once."""
    show(_ask(load(config_path).state_directory, Request("rollback", named, reason)))


def show(reply: Reply) -> None:
    """:raises BotError: with the bot's own words, when it refused."""
    if not reply.done:
        raise BotError(reply.text)
    for line in (reply.text, *reply.lines):
        # A reason that somebody typed in Slack must not steer this terminal.
        click.echo("".join(each if each.isprintable() else " " for each in line))


def _ask(state_directory: Path, request: Request) -> Reply:
    try:
        return ask(state_directory, request)
    except NotRunning as error:
        click.echo(f"{error} Nothing was changed.", err=True)
        raise click.exceptions.Exit(NOT_RUNNING) from error
