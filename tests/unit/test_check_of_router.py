"""`ci-upgrade check` compares all that the router holds: with the one instance, or with what a live upgrade has told it."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from bot.check import Outcome, check_controller
from bot.errors import ChangedByHand, Temporary
from bot.model import Boot, Instance, InstanceState, RouterState, Side
from bot.traffic import alone, expected
from bot.upgrade import Status, Upgrade

BLUE = Instance("main-first", "2.426.2", "http://blue", "blue", agent_port=50000)
GREEN = Instance("main-u1", "2.516.3", "http://green", "green", agent_port=50001)
SHIFTED = RouterState("http://blue", "http://green", 25, Side.BLUE, 50000, 50001)


def upgrade(**changes: Any) -> Upgrade:
    usual: dict[str, Any] = {
        "id": "u1",
        "controller": "main",
        "source": "2.426.2",
        "target": "2.516.3",
        "requested_by": "U0ANN",
        "channel": "C1",
        "created_at": 0.0,
        "steps": ("send-25", "watch-25", "gate-50", "send-50"),
        "step": "gate-50",
        "status": Status.WAITING,
        "blue": BLUE,
        "green": GREEN,
        "following": True,
        "weight": 25,
    }
    return Upgrade(**{**usual, **changes})


def looked_at(found: RouterState | Exception, live: Upgrade | None) -> Outcome:
    def read() -> RouterState:
        if isinstance(found, Exception):
            raise found
        return found

    answers = SimpleNamespace(
        boot=lambda: Boot("2.426.2", "b"),
        identity=lambda: SimpleNamespace(administrator=True, user="bot"),
    )
    services: Any = SimpleNamespace(
        name="main",
        config=SimpleNamespace(connection=SimpleNamespace(verify=True)),
        environment=SimpleNamespace(
            state=lambda _instance: InstanceState(True, True), address=lambda instance: instance.url
        ),
        router=SimpleNamespace(read=read),
        backups=SimpleNamespace(free_bytes=lambda: 1),
        jenkins=lambda _instance: answers,
    )
    found_of = {one.what: one for one in check_controller(services, BLUE, expected(live, BLUE))}
    return found_of["Router"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"blue": "http://old"}, "environment.blue"),
        ({"green": "http://green", "weight": 50}, "weight=50"),
        ({"green": "http://green", "owner": Side.GREEN}, "green"),
        ({"blue_agent_port": 1}, "blue_agent_port=1"),
    ],
)
def test_whatever_people_changed_is_named(change: dict[str, Any], named: str) -> None:
    """Not only where it leads: also a weight, an owner, a port."""
    assert looked_at(alone(BLUE), None).level == "ready"
    outcome = looked_at(dataclasses.replace(alone(BLUE), **change), None)
    assert outcome.level == "missing"
    assert named in outcome.text
    assert "Put it back" in outcome.text


def test_a_live_upgrade_says_what_is_right() -> None:
    """Its weight and owner; while a step changes them, whatever is found."""
    waiting = upgrade()
    assert looked_at(SHIFTED, waiting).level == "ready"
    assert "25%" in looked_at(SHIFTED, waiting).text
    assert looked_at(alone(BLUE), waiting).level == "missing"
    changing = upgrade(step="send-50", status=Status.RUNNING)
    assert looked_at(dataclasses.replace(SHIFTED, weight=50), changing).level == "ready"


@pytest.mark.parametrize("error", [ChangedByHand("was changed by hand"), Temporary("does not answer")])
def test_a_router_that_cannot_be_read_is_missing(error: Exception) -> None:
    """In its own words."""
    assert looked_at(error, None) == Outcome("missing", "Router", str(error))
