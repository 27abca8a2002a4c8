"""Each thing that a clone leaves behind, left in: the damage that it would do on a controller that really misbehaves.

Init scripts fail open, so the guard is broken in these tests (except where it is the subject): every rule must hold alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.standin import Standin, wait_until
from tests.proofs.copies import Busy, busy_home, copy, machines


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Busy:
    return busy_home(tmp_path_factory.mktemp("blue"))


def began(green: Standin) -> list[tuple[str, bool]]:
    """Tickets of what began on green, and whether it was resumed."""
    return [(one["ticket"], one["resumed"]) for one in green.executions()]


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


CASES: dict[str, tuple[Callable[[Standin], Any], Any, Any]] = {
    "unfinished builds": (began, [], [("running", True)]),
    "queue": (began, [], [("waiting", False)]),
    "nodes": (agents, [], [("agent-1", True)]),
    "clouds": (blues_machines, ["agent-1"], []),
    "executors": (freestyle_runs, False, True),
    "agent port": (agent_port, -1, 50123),
}
"""Rule → what to look at, what it is with all rules, and what without this one."""


def test_with_every_rule_a_clone_does_nothing_even_when_its_guard_fails(busy: Busy, tmp_path: Path) -> None:
    """The same looks as below, all harmless on one clone."""
    with copy(busy, tmp_path, without=None, guard_works=False) as green:
        assert green.guard(None)["role"] == "owner"
        assert {rule: look(green) for rule, (look, _, _) in CASES.items()} == {
            rule: harmless for rule, (_, harmless, _) in CASES.items()
        }


@pytest.mark.parametrize("rule", CASES)
def test_without_one_rule_there_is_its_damage(busy: Busy, tmp_path: Path, rule: str) -> None:
    """A pipeline resumed twice, a queued build started twice, blue's agents taken and ended, ports opened."""
    look, _, damage = CASES[rule]
    with copy(busy, tmp_path, without=rule, guard_works=False) as green:
        wait_until(lambda: look(green) == damage, f"the damage of a clone with {rule}")


def test_without_the_guard_a_click_on_green_is_built_there(busy: Busy, tmp_path: Path) -> None:
    """Pipelines need no executor of the built-in node, so only the guard holds them: with it they wait, without they run."""
    held, loose = tmp_path / "held", tmp_path / "loose"
    held.mkdir()
    loose.mkdir()
    with copy(busy, held, without=None) as green:
        number = green.trigger("pipe-1", "clicked")
        wait_until(lambda: green.get(f"/queue/item/{number}/api/json").get("blocked"), "it is held")
        assert began(green) == []
    with copy(busy, loose, without="guard") as green:
        green.trigger("pipe-1", "clicked")
        wait_until(lambda: began(green) == [("clicked", False)], "it runs on the follower")
