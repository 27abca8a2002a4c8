"""`ci-upgrade` itself, and its commands `serve` and `status`; the others are imported when they are used."""

from __future__ import annotations

import importlib
import json
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import click

from bot.cli.local import show
from bot.cli.options import config_option
from bot.config import Config, load
from bot.errors import BotError, ConfigurationError
from bot.local_client import NotRunning, ask
from bot.local_protocol import Request
from bot.store import RECENT_SECONDS, undelivered_text
from bot.upgrade import StepState, Upgrade, phase_of

__all__ = ["main"]


class _LazyGroup(click.Group):
    """Sub-commands that need much more than the bot itself are imported only when they are used."""

    lazy: ClassVar = {
        "rehearse": ("rehearsal.cli", "rehearse"),
        "backup": ("bot.cli.backup", "backup"),
        "plan": ("bot.cli.plan", "plan"),
        "check": ("bot.cli.check", "check"),
        "adopt": ("bot.cli.check", "adopt"),
        "health": ("bot.cli.check", "health"),
        "history": ("bot.cli.history", "history"),
        "report": ("bot.cli.history", "upgrade_report"),
        "approve": ("bot.cli.local", "approve"),
        "hold": ("bot.cli.local", "hold"),
        "resume": ("bot.cli.local", "resume"),
        "rollback": ("bot.cli.local", "rollback"),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.lazy])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.lazy:
            module, name = self.lazy[cmd_name]
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ci-upgrade")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Upgrades a Jenkins controller with zero downtime and nothing lost, one approved step at a time.

    \b
    Try the whole thing on this machine, without Slack, Docker or Jenkins:
      ci-upgrade rehearse
    Run the bot:
      SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… ci-upgrade serve --config ci-upgrade.yaml
    """


@cli.command()
@config_option
@click.option(
    "--http",
    "port",
    type=click.IntRange(1, 65535),
    help="Take Slack's requests on this port (signed) instead of Socket Mode.",
)
@click.option("--verbose", is_flag=True, help="Log what the bot does, not only what is unusual.")
def serve(config_path: Path, port: int | None, verbose: bool) -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C). Upgrades go on where they were at the next start.

    Secrets come from the environment: SLACK_BOT_TOKEN, SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (--http),
    and the controllers' API tokens as the configuration says.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    from bot.bootstrap import (
        serve_until,  # the SDKs behind it take a moment to import; --help should not wait for them
    )

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve_until(load(config_path), port, stop)


@cli.command()
@click.argument("named", metavar="[CONTROLLER|ID]", default="")
@config_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(named: str, config_path: Path, as_json: bool) -> None:
    """Where every upgrade stands, as the bot that runs says; while none runs, and for programs, as its state directory says."""
    config: Config = load(config_path)
    if not as_json:
        try:
            show(ask(config.state_directory, Request("status", named)))
            return
        except NotRunning as error:
            click.echo(f"{error} This is what the last one left:", err=True)
    from bot.bootstrap import open_store  # see serve

    store = open_store(config)
    upgrades = [one for one in store.history(None, 20) if named in ("", one.controller, one.id)]
    if as_json:
        waiting, why = store.undelivered(time.time() - RECENT_SECONDS)
        undelivered = {"messages": waiting, "why": why}
        click.echo(
            json.dumps(
                {"upgrades": [_as_json(upgrade, store) for upgrade in upgrades], "undelivered": undelivered}
            )
        )
        return
    wrong = undelivered_text(store, time.time())
    if wrong:
        click.echo(wrong)
    for upgrade in upgrades:
        click.echo(
            f"{upgrade.id}  {upgrade.controller}  {upgrade.source} -> {upgrade.target}  {upgrade.status.value}  ({upgrade.step})"
        )
    if not upgrades:
        click.echo(f"No upgrade of `{named}`." if named else "No upgrade yet.")


def _as_json(upgrade: Upgrade, store: Any) -> dict[str, Any]:
    return {
        "id": upgrade.id,
        "controller": upgrade.controller,
        "status": upgrade.status.value,
        "from_version": upgrade.source,
        "to_version": upgrade.target,
        "step": upgrade.step,
        "owner": upgrade.owner.value,
        "green_weight": upgrade.weight,
        "blue_url": upgrade.blue.url,
        "green_url": upgrade.green.url if upgrade.green else None,
        "hold": upgrade.hold.text if upgrade.hold else None,
        "phases": _phases(upgrade),
        "approvals": sum(gate.outcome == "approved" for gate in store.gates(upgrade.id)),
        "freeze_seconds": upgrade.facts.get("freeze_seconds"),
    }


def _phases(upgrade: Upgrade) -> list[dict[str, Any]]:
    """Phases in the order in which they ran, with their seconds and outcome."""
    phases: dict[str, dict[str, Any]] = {}
    for step, record in sorted(upgrade.records.items(), key=lambda item: item[1].started_at):
        phase = phases.setdefault(phase_of(step).value, {"seconds": 0.0, "outcome": "done"})
        phase["seconds"] = round(
            phase["seconds"] + (record.ended_at or record.started_at) - record.started_at, 2
        )
        if record.state is not StepState.DONE:
            phase["outcome"] = (
                "interrupted"
                if record.state is StepState.RUNNING and not upgrade.live
                else record.state.value
            )
    return [{"name": name, **phase} for name, phase in phases.items()]


def main() -> None:
    """Exit codes: 0 fine, 1 failed, 2 used or configured wrongly, 3 no bot runs that could be asked."""
    try:
        cli()
    except ConfigurationError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except BotError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
