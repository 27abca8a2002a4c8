"""Jobs and folders that change, come and go on the owner while the follower is kept in step."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import Permanent
from bot.model import Side
from bot.ownership.sync import start_from, sync
from tests.unit.ownership_rig import Scene


def test_job_that_cannot_be_carried_costs_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The builds of all jobs arrive all the same, and then the failure is told: nobody hands over without that job."""
    scene = Scene.of(tmp_path)
    start_from(scene.ctx, Side.BLUE, int(scene.clock.now() * 1000))

    def refuse(*_: object) -> None:
        raise Permanent("1 jobs or folders could not be configured: big: the request is too large")

    monkeypatch.setattr(scene.blue, "delete_items", refuse)
    monkeypatch.setattr(scene.green, "delete_items", refuse)
    scene.blue.files.pop("jobs/timer/nextBuildNumber")
    scene.blue.trigger("app", "t1")
    scene.clock.move(scene.clock.now() + 5)
    with pytest.raises(Permanent, match="too large"):
        sync(scene.ctx, Side.BLUE)
    assert scene.green.tickets() == ["t1"]
    assert "too large" in scene.said[1]
