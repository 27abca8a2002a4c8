"""Each thing that a clone leaves behind, left in: the damage that it would do on a controller that really misbehaves.

Init scripts fail open, so the guard is broken in these tests (except where it is the subject): every rule must hold alone.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.environments.process import ProcessEnvironment
from bot.model import Instance
from bot.settings.environments import BlueConfig, ProcessConfig
from rehearsal.jenkins.war import make_war
from tests.contract.standin import FAST, Standin, wait_until
from tests.proofs.copies import Busy, busy_home, clone, copy, machines


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Busy:
    return busy_home(tmp_path_factory.mktemp("blue"))


def began(green: Standin) -> list[tuple[str, bool]]:
    """Tickets of what began on green, and whether it was resumed."""
    return [(one["ticket"], one["resumed"]) for one in green.executions()]


def began_once_looked_at(green: Standin) -> list[tuple[str, bool]]:
    """Whoever looks at a job loads its builds."""
    green.get("/api/json")
    return began(green)


def agents(green: Standin) -> list[tuple[str, bool]]:
    found = green.get("/computer/api/json?tree=computer[displayName,offline]")["computer"]
    return [
        (one["displayName"], not one["offline"]) for one in found if one["displayName"] != "Built-In Node"
    ]


def blues_machines(green: Standin) -> list[str]:
    """What the cloud still runs for blue, once green is up."""
    return machines(green.home)


def freestyle_runs(green: Standin) -> bool:
    """Whether somebody's click starts a build; an unbuildable item shows why it waits."""
    number = green.trigger("canary", "clicked")

    def outcome() -> Any:
        item = green.get(f"/queue/item/{number}/api/json")
        return item if item.get("executable") or item.get("buildable") or item.get("blocked") else None

    return bool(wait_until(outcome, "the item runs or waits for an executor").get("executable"))


def agent_port(green: Standin) -> Any:
    return green.script("identity", {})["agentPort"]


def front_page(green: Standin) -> str:
    page = green.send("GET", "/").text
    return "setup" if "Setup Wizard" in page else "jobs" if "canary" in page else page


CASES: dict[str, tuple[Callable[[Standin], Any], Any, Any]] = {
    "unfinished builds": (began_once_looked_at, [], [("running", True)]),
    "queue": (began, [], [("waiting", False)]),
    "nodes": (agents, [], [("agent-1", True)]),
    "clouds": (blues_machines, ["agent-1"], []),
    "executors": (freestyle_runs, False, True),
    "agent port": (agent_port, -1, 50123),
    "setup state": (front_page, "jobs", "setup"),
}
"""Rule → what to look at, what it is with all rules, and what without this one."""


def test_with_every_rule_a_clone_does_nothing_even_when_its_guard_fails(busy: Busy, tmp_path: Path) -> None:
    """The same looks as below, all harmless on one clone."""
    with copy(busy, tmp_path, guard_works=False) as green:
        assert green.guard(None)["role"] == "owner"
        assert {rule: look(green) for rule, (look, _, _) in CASES.items()} == {
            rule: harmless for rule, (_, harmless, _) in CASES.items()
        }


@pytest.mark.parametrize("rule", CASES)
def test_without_one_rule_there_is_its_damage(busy: Busy, tmp_path: Path, rule: str) -> None:
    """A pipeline resumed twice, a queued build started twice, blue's agents taken and ended, ports opened."""
    look, _, damage = CASES[rule]
    with copy(busy, tmp_path, without=[rule], guard_works=False) as green:
        wait_until(lambda: look(green) == damage, f"the damage of a clone with {rule}")


def test_a_clone_that_names_what_ran_resumes_it_before_anybody_looks(busy: Busy, tmp_path: Path) -> None:
    """The list of running pipelines is left out beside the builds: even one that came along would wait for somebody to look."""
    quiet, listed = tmp_path / "quiet", tmp_path / "listed"
    quiet.mkdir()
    listed.mkdir()
    with copy(busy, quiet, without=["unfinished builds"], guard_works=False) as green:
        assert began(green) == []
    both = ["unfinished builds", "running pipelines"]
    with copy(busy, listed, without=both, guard_works=False) as green:
        assert began(green) == [("running", True)]


def test_without_a_queue_of_its_own_green_starts_what_waited_on_blue(busy: Busy, tmp_path: Path) -> None:
    """The option that names its queue's file is given by the environment: a queue.xml that came along is not read then."""
    make_war(tmp_path / "wars/2.426.2.war", "2.426.2")
    environment = ProcessEnvironment("main", settings(tmp_path))
    blue = Instance("main-first", "2.426.2", "http://127.0.0.1:1", str(tmp_path / "blue"))
    own = environment.create("main-u1", blue, "2.426.2", "u1")
    assert begun_around_a_click(environment, busy, own) == {"clicked"}
    made = environment.create("main-u2", blue, "2.426.2", "u2")
    shared = dataclasses.replace(made, details={**made.details, "queue_id": ""})
    assert begun_around_a_click(environment, busy, shared) == {"clicked", "waiting"}


def begun_around_a_click(environment: ProcessEnvironment, busy: Busy, green: Instance) -> set[str]:
    """Tickets of what a green with blue's queue in its home has begun when a click was built. What was loaded stands before it."""
    clone(busy, Path(green.home), ["queue"])
    environment.start(green)
    try:
        running = Standin(Path(green.home), green.version, busy.accounts, int(green.url.rpartition(":")[2]))
        running.wait_ready()
        running.trigger("pipe-1", "clicked")
        wait_until(lambda: ("clicked", False) in began(running), "it runs")
        return {ticket for ticket, _ in began(running)}
    finally:
        environment.stop(green)


def settings(directory: Path) -> ProcessConfig:
    """The stand-in as a process of the product's own environment, with a guard that fails."""
    properties = {**FAST, "rehearsal.init.fail": "true"}
    return ProcessConfig(
        command=(
            *(sys.executable, "-m", "rehearsal.jenkins", "{jvm_options}", "-jar", "{war}"),
            *("--httpPort={port}", "--httpListenAddress=127.0.0.1"),
        ),
        jvm_options=tuple(f"-D{key}={value}" for key, value in properties.items()),
        wars=str(directory / "wars/{version}.war"),
        directory=directory / "instances",
        ports=(28160, 28169),
        stop_grace_seconds=10,
        blue=BlueConfig.model_validate(
            {"url": "http://127.0.0.1:1", "home": directory / "blue", "pid_file": directory / "blue.pid"}
        ),
    )


def test_without_the_guard_a_click_on_green_is_built_there(busy: Busy, tmp_path: Path) -> None:
    """Pipelines need no executor of the built-in node, so only the guard holds them: with it they wait, without they run."""
    held, loose = tmp_path / "held", tmp_path / "loose"
    held.mkdir()
    loose.mkdir()
    with copy(busy, held) as green:
        number = green.trigger("pipe-1", "clicked")
        wait_until(lambda: green.get(f"/queue/item/{number}/api/json").get("blocked"), "it is held")
        assert began(green) == []
    with copy(busy, loose, without=["guard"]) as green:
        green.trigger("pipe-1", "clicked")
        wait_until(lambda: began(green) == [("clicked", False)], "it runs on the follower")
