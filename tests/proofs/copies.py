"""Copies of a busy controller's home, made by the product's own rules with one of them taken out, and started."""

from __future__ import annotations

import contextlib
import re
import tarfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from adapters.homes.writer import write_home
from adapters.jenkins.scripts import guard_script
from bot import home_rules, tar_stream
from bot.home_rules import in_backup
from rehearsal.jenkins.seed import Accounts, seed_home
from tests.contract.standin import FAST, Standin, started, wait_until

__all__ = ["RULES", "Busy", "busy_home", "clone", "copy", "machines"]

URL = "http://ci.example.com/"
CLOUD = "<clouds><rehearsal.Cloud><name>k8s</name><machines>../cloud</machines></rehearsal.Cloud></clouds>"
NEVER = re.compile(rb"(?!)")


@dataclass(frozen=True)
class Busy:
    """A home as a backup catches it: a pipeline is running, another one waits in the queue, an agent is configured."""

    archive: bytes
    accounts: Accounts


def busy_home(directory: Path) -> Busy:
    home = directory / "blue"
    accounts = seed_home(
        home,
        version="2.426.2",
        jobs=12,
        builds=12,
        seed=7,
        root_url=URL,
        executors=4,
        pipelines=True,
    )
    # Nothing here may depend on when a minute or a build ends.
    _replace(home / "jobs/timer-1/config.xml", r"\* \* \* \* \*", "0 0 29 2 *")
    _replace(home / "jobs/pipe-1/config.xml", r"sleep \d+", "sleep 600")
    _replace(home / "config.xml", r"<clouds/>", CLOUD)
    _replace(
        home / "config.xml",
        r"<slaveAgentPort>[^<]*</slaveAgentPort>",
        "<slaveAgentPort>50123</slaveAgentPort>",
    )
    run_machine(home)
    with started(directory, home=home, accounts=accounts) as blue:
        blue.trigger("pipe-1", "running")
        wait_until(blue.executions, "the pipeline runs")
        blue.guard("holding")
        blue.trigger("pipe-1", "waiting", delay="0sec")
        assert machines(home) == ["agent-1"], "a cloud leaves its own controller's agents alone"
        blue.terminate()
    assert (home / "queue.xml").exists()
    # As in a home that was put together from an older copy; a real one may have lost it.
    (home / tar_stream.WIZARD_STATE).unlink()
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(home.rglob("*")):
            name = path.relative_to(home).as_posix()
            if all(in_backup(str(parent), True) for parent in Path(name).parents) and in_backup(
                name, path.is_dir()
            ):
                tar.add(path, name, recursive=False)
    return Busy(buffer.getvalue(), accounts)


def run_machine(home: Path) -> None:
    """The machine of blue's agent, as the cloud beside the home has it."""
    (home.parent / "cloud").mkdir()
    (home.parent / "cloud" / "agent-1").write_text(URL)


def machines(home: Path) -> list[str]:
    """Those that the cloud beside the home still runs."""
    return sorted(machine.name for machine in (home.parent / "cloud").iterdir())


def _replace(file: Path, pattern: str, text: str) -> None:
    before = file.read_text()
    after = re.sub(pattern, text, before)
    assert after != before, (file.name, pattern)
    file.write_text(after)


def _no_filter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.proofs.copies.unfinished_builds", lambda chunks: frozenset())


def _queue(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        home_rules, "_OF_ONE_INSTANCE", home_rules._OF_ONE_INSTANCE - {"queue.xml", "queue.xml.bak"}
    )


def _nodes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(home_rules, "_WITHHELD", home_rules._WITHHELD - {"nodes"})


def _clouds(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tar_stream, "_CLOUDS", NEVER)


def _executors(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tar_stream, "_EXECUTORS", NEVER)


def _agent_port(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tar_stream, "_AGENT_PORT", NEVER)


def _setup_state(patch: pytest.MonkeyPatch) -> None:
    # A file that every home has: so it is never added.
    patch.setattr(tar_stream, "WIZARD_STATE", "config.xml")


def _running_pipelines(patch: pytest.MonkeyPatch) -> None:
    listed = "org.jenkinsci.plugins.workflow.flow.FlowExecutionList.xml"
    patch.setattr(home_rules, "_OF_ONE_INSTANCE", home_rules._OF_ONE_INSTANCE - {listed})


def _guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.proofs.copies.guard_script", lambda upgrade: "// nothing")


RULES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "unfinished builds": _no_filter,
    "queue": _queue,
    "nodes": _nodes,
    "clouds": _clouds,
    "executors": _executors,
    "agent port": _agent_port,
    "setup state": _setup_state,
    "running pipelines": _running_pipelines,
    "guard": _guard,
}
"""How to take each rule out."""

unfinished_builds = tar_stream.unfinished_builds


def clone(busy: Busy, home: Path, without: Collection[str]) -> None:
    """Green's home, made from the backup without some of the rules."""
    with pytest.MonkeyPatch.context() as patch:
        for rule in without:
            RULES[rule](patch)
        chunks = [busy.archive]
        write_home(home, tar_stream.clone_stream(chunks, unfinished_builds(chunks), guard_script("u1")))
    run_machine(home)


@contextlib.contextmanager
def copy(
    busy: Busy, directory: Path, *, without: Collection[str] = (), guard_works: bool = True
) -> Iterator[Standin]:
    """Green, started from the backup. ``guard_works``: False for an init script that throws, as a real one can."""
    home = directory / "green"
    clone(busy, home, without)
    properties = FAST if guard_works else {**FAST, "rehearsal.init.fail": "true"}
    with started(directory, home=home, accounts=busy.accounts, properties=properties) as green:
        yield green
