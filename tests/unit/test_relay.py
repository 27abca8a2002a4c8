"""The relay: what waits on the follower reaches the owner once, and one item that cannot holds up none of the others."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.errors import Permanent, Temporary
from bot.model import QueueItem, Role, Side, Submission
from bot.ownership.relay import relay
from tests.unit.ownership_rig import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Three builds wait on green, which follows."""
    made = Scene.of(tmp_path)
    made.green.take_role(Role.FOLLOWER, "u1")
    for ticket in ("first", "second", "third"):
        made.green.trigger("app", ticket)
    return made


def fail_for(scene: Scene, ticket: str, error: Exception) -> None:
    """Let blue fail on the item with that ticket."""
    submit = scene.blue.submit

    def failing(item: QueueItem, name: str, origin: str) -> Submission:
        if item.actions == ticket:
            raise error
        return submit(item, name, origin)

    scene.blue.submit = failing  # type: ignore[assignment, method-assign]


def test_item_that_fails_is_named_and_the_others_are_moved(scene: Scene) -> None:
    """Such as one with parameters too large for a request: it stays where it is."""
    fail_for(scene, "second", Permanent("the request is too large"))
    assert relay(scene.ctx, Side.GREEN) == 2
    assert [one.ticket for one in scene.blue.executions] == ["first", "third"]
    assert [item.actions for item in scene.green.queue()] == ["second"]
    assert "too large" in scene.said[0]


def test_what_a_running_pipeline_waits_for_stays_and_is_named(scene: Scene) -> None:
    """Cancelling it would fail the Pipeline at once."""
    scene.green.queue_items[1] = dataclasses.replace(scene.green.queue_items[1], awaited_by="team/flow #5")
    assert relay(scene.ctx, Side.GREEN) == 2
    assert [item.actions for item in scene.green.queue()] == ["second"]
    assert "team/flow #5" in scene.said[0]
    assert scene.changes == ["relay"]


def test_what_the_owner_has_is_cancelled_also_when_it_stops_answering(scene: Scene) -> None:
    """Otherwise people would see a build wait that runs already."""
    fail_for(scene, "third", Temporary("blue does not answer"))
    with pytest.raises(Temporary):
        relay(scene.ctx, Side.GREEN)
    assert [item.actions for item in scene.green.queue()] == ["third"]
    assert [one.ticket for one in scene.blue.executions] == ["first", "second"]
