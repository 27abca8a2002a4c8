"""``ci-upgrade rehearse``: the whole upgrade on this machine, for a person or without one."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from rehearsal.exchanges import ExchangeLog
from rehearsal.free_ports import PortTaken
from rehearsal.headless import ROLLBACK_POINTS, Headless, load_on
from rehearsal.human import NoUpgrade
from rehearsal.jenkins_reader import NoAnswer
from rehearsal.launch import UnusableWar
from rehearsal.load import PATIENCE_SECONDS
from rehearsal.routers import ROUTERS
from rehearsal.stage import Stage, StageError, StageOptions

__all__ = ["rehearse"]

FAULTS_SHOWN = 20
WAR = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--headless", is_flag=True, help="Play the people as well: start, approve each gate, count, exit."
)
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path),
    help="With --headless: write the summary there, - for standard output.",
)
@click.option(
    "--rollback-at",
    type=click.Choice(ROLLBACK_POINTS),
    help="With --headless: roll back while that phase runs, or right after that step.",
)
@click.option(
    "--kill-at-every-step",
    type=click.Choice(["both", "either"]),
    is_flag=False,
    flag_value="both",
    help="With --headless: the bot kills itself (SIGKILL) once before and after each intent it journals; "
    "=either: at one of these moments, which takes half as long.",
)
@click.option(
    "--jobs", type=click.IntRange(4, 500), default=24, show_default=True, help="Jobs on the controller."
)
@click.option(
    "--builds", type=click.IntRange(0, 100_000), default=200, show_default=True, help="Builds in its history."
)
@click.option(
    "--rate", type=click.FloatRange(1, 500), default=20.0, show_default=True, help="Requests a second."
)
@click.option(
    "--patience",
    type=click.FloatRange(1, 600),
    default=PATIENCE_SECONDS,
    show_default=True,
    help="Seconds that a visitor waits for an answer; one that comes later is a failed request.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed makes the same jobs and choices."
)
@click.option("--war-from", type=WAR, help="A real jenkins.war to start from, instead of the stand-in.")
@click.option("--war-to", type=WAR, help="A newer jenkins.war to upgrade to.")
@click.option("--java", default="java", show_default=True, help="Runs both wars.")
@click.option(
    "--environment",
    type=click.Choice(("process", "docker")),
    default="process",
    show_default=True,
    help="Where the controllers run; docker needs an engine on this machine.",
)
@click.option(
    "--router",
    type=click.Choice(tuple(ROUTERS)),
    default="envoy",
    show_default=True,
    help="What stands before the controller; each is a real one.",
)
@click.option(
    "--minutes-scale",
    type=click.FloatRange(0.001, 1),
    default=None,
    help="Shortens each minute of observation and soak to this share; timers keep real minutes. [default: 0.05, headless 0.01]",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8765, show_default=True, help="Of the workspace's page."
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Work in this new directory and leave it there, logs and all. [default: a temporary one]",
)
def rehearse(
    headless: bool,
    json_path: Path | None,
    rollback_at: str | None,
    kill_at_every_step: str | None,
    jobs: int,
    builds: int,
    rate: float,
    patience: float,
    seed: int,
    war_from: Path | None,
    war_to: Path | None,
    java: str,
    environment: str,
    router: str,
    minutes_scale: float | None,
    port: int,
    directory: Path | None,
) -> None:
    """Rehearse a whole upgrade on this machine. Needs no Slack, Docker or Jenkins.

    A Jenkins stand-in with jobs, history and timers runs behind a real router, under load; the bot upgrades it; a page that
    looks and works like a chat client stands for Slack. Everything listens on 127.0.0.1 and is removed at the end.

    \b
    By hand: open the printed address, type /ci-upgrade start main <version>, click.
      ci-upgrade rehearse
    Without a person, with figures at the end:
      ci-upgrade rehearse --headless --json -
    Roll back after the handover; or kill the bot wherever it can be killed:
      ci-upgrade rehearse --headless --rollback-at handover
      ci-upgrade rehearse --headless --kill-at-every-step
    With a real Jenkins:
      ci-upgrade rehearse --headless --war-from 2.426.2/jenkins.war --war-to 2.440.1/jenkins.war

    Exit codes: 0 the upgrade completed (or rolled back, if asked) and nothing was lost, doubled, missed or failed; 1 not so;
    2 used wrongly.
    """
    if (war_from is None) != (war_to is None):
        raise click.UsageError("--war-from and --war-to go together.")
    if environment == "docker" and war_from:
        raise click.UsageError("--environment docker runs the stand-in's image; it takes no wars.")
    if not headless and (json_path or rollback_at or kill_at_every_step):
        raise click.UsageError("--json, --rollback-at and --kill-at-every-step need --headless.")
    options = StageOptions(
        jobs=jobs,
        builds=builds,
        seed=seed,
        minutes_scale=minutes_scale or (0.01 if headless else 0.05),
        patience_seconds=patience,
        page_port=0 if headless else port,
        wars=(war_from, war_to) if war_from and war_to else (),
        java=java,
        router=router,
        kill_at_every_step=kill_at_every_step,
        environment=environment,
    )
    console = Console(stderr=True, highlight=False)
    try:
        with _ending_cleanly(), _work_in(directory) as work:
            if headless:
                sys.exit(_headless(console, work, options, rate, rollback_at, json_path))
            _by_hand(console, work, options, rate)
    except (PortTaken, UnusableWar) as error:
        raise click.UsageError(str(error)) from error
    except (StageError, NoUpgrade, NoAnswer) as error:
        console.print(f"The rehearsal failed: {error}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("Stopped.")
        sys.exit(130 if headless else 0)


def _headless(
    console: Console,
    work: Path,
    options: StageOptions,
    rate: float,
    rollback_at: str | None,
    json_path: Path | None,
) -> int:
    began = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f} s  {text}", markup=False, soft_wrap=True)

    tell("Setting the stage")
    with Stage(work, options) as stage:
        tell(
            f"{options.jobs} jobs on {stage.from_version} at {stage.router_url}; upgrading to {stage.to_version}"
        )
        summary = Headless(stage, work, rate, tell).play(rollback_at)
    text = json.dumps(summary.as_json(), indent=2)
    if json_path is not None and str(json_path) != "-":
        json_path.write_text(text + "\n", encoding="utf-8")
    else:
        click.echo(text)
    faults = summary.faults("rolled_back" if rollback_at else "completed")
    for fault in faults:
        tell(fault)
    tell("Failed." if faults else "Nothing was lost, doubled, missed or failed.")
    return 1 if faults else 0


def _by_hand(console: Console, work: Path, options: StageOptions, rate: float) -> None:
    console.print("Setting the stage; this takes some seconds.")
    with Stage(work, options) as stage:
        load = load_on(stage, ExchangeLog(work / "requests.jsonl"), rate)
        load.start()
        try:
            console.print(
                f"Open {stage.page_url} and type: /ci-upgrade start main {stage.to_version}\nCtrl-C ends everything."
            )
            while not stage.bot.crashed.wait(1.0):
                pass
            raise StageError("the bot ends again and again")
        finally:
            load.stop()


@contextmanager
def _work_in(directory: Path | None) -> Iterator[Path]:
    """A directory for everything: the one that was asked for, which stays, or a temporary one."""
    if directory is not None:
        if directory.exists() and any(directory.iterdir()):
            raise click.UsageError(f"{directory} is not empty.")
        directory.mkdir(parents=True, exist_ok=True)
        yield directory.absolute()
        return
    temporary = Path(tempfile.mkdtemp(prefix="ci-upgrade-rehearsal-"))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Ctrl-C and being told to end are one KeyboardInterrupt. What follows must not be interrupted, or something would stay behind."""
    numbers = (signal.SIGINT, signal.SIGTERM)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
