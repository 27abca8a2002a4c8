"""What changes, comes, goes and ends on the owner while the follower is kept in step."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import Permanent
from bot.model import ItemConfigs, Side
from bot.ownership.sync import UNSAVED_MS, carry_branches, start_from, sync
from tests.unit.ownership_rig import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Blue's changes go to green from now on."""
    made = Scene.of(tmp_path)
    start_from(made.ctx, Side.BLUE, int(made.clock.now() * 1000))
    return made


def build(scene: Scene, job: str, ticket: str) -> None:
    """One that blue runs to its end."""
    scene.blue.trigger(job, ticket)
    scene.clock.move(scene.clock.now() + 5)


def record_of(scene: Scene, job: str) -> str:
    return next(
        path
        for path in scene.blue.files
        if path.startswith(f"jobs/{job}/builds/") and path.endswith("/build.xml")
    )


def only_people_make(scene: Scene, *jobs: str) -> None:
    """All other jobs are made by their folder."""

    def item_configs(since_ms: int, known: object = None) -> ItemConfigs:
        return ItemConfigs(int(scene.clock.now() * 1000), jobs, ())

    scene.blue.item_configs = item_configs  # type: ignore[method-assign]


def test_renamed_job_keeps_its_history(scene: Scene) -> None:
    """Its builds are under the new name before they go under the old one; one that runs is not among them."""
    build(scene, "app", "t1")
    sync(scene.ctx, Side.BLUE)
    scene.changes.clear()
    for path in [path for path in scene.blue.files if path.startswith("jobs/app/")]:
        scene.blue.files[path.replace("jobs/app/", "jobs/renamed/")] = scene.blue.files.pop(path)
    scene.blue.visible = {("renamed", 1)}
    scene.blue.files["jobs/renamed/builds/2/build.xml"] = (
        b"<flow-build><completed>false</completed></flow-build>"
    )
    sync(scene.ctx, Side.BLUE)
    assert ("renamed", 1) in scene.green.visible
    assert "jobs/renamed/builds/2/build.xml" not in scene.green.files
    assert scene.changes[:2] == ["sync-moved", "sync-deleted"]


@pytest.mark.parametrize("ended", [True, False])
def test_branch_found_meanwhile_is_carried_with_its_directory(scene: Scene, ended: bool) -> None:
    """With its first finished build, or when somebody asks for all; nobody could create it from outside."""
    only_people_make(scene, "app", "serial", "timer")
    sync(scene.ctx, Side.BLUE)
    scene.blue.files |= {"jobs/branch/config.xml": b"<x/>", "jobs/branch/nextBuildNumber": b"1"}
    if ended:
        build(scene, "branch", "t1")
        sync(scene.ctx, Side.BLUE)
        assert scene.green.tickets() == ["t1"]
    else:
        carry_branches(scene.ctx, Side.BLUE)
        assert scene.changes == ["sync-branches"]
    assert scene.green.files["jobs/branch/config.xml"] == b"<x/>"


def test_job_deleted_on_the_owner_does_not_come_back_from_the_former_one(scene: Scene) -> None:
    """A build of it that ends on the old owner later finds no job, and makes none."""
    only_people_make(scene, "app", "serial", "timer")
    sync(scene.ctx, Side.BLUE)
    scene.ctx.upgrade.owner = Side.GREEN
    scene.blue.files["jobs/branch/nextBuildNumber"] = b"1"
    build(scene, "branch", "t1")
    sync(scene.ctx, Side.BLUE, configs=False)
    assert not [path for path in scene.green.files if path.endswith("nextBuildNumber") and "branch" in path]


def test_build_whose_record_says_that_it_runs_is_carried_later(scene: Scene) -> None:
    """A follower that loaded it would resume it. One that is never saved as ended is given up, and named."""
    build(scene, "app", "t1")
    path = record_of(scene, "app")
    saved = scene.blue.files[path]
    scene.blue.files[path] = saved + b"<completed>false</completed>"
    sync(scene.ctx, Side.BLUE)
    assert path not in scene.green.files
    scene.blue.files[path] = saved
    sync(scene.ctx, Side.BLUE)
    assert scene.green.tickets() == ["t1"]
    build(scene, "serial", "t2")
    scene.blue.files[record_of(scene, "serial")] += b"<completed>false</completed>"
    scene.clock.move(scene.clock.now() + UNSAVED_MS / 1000)
    sync(scene.ctx, Side.BLUE)
    assert "serial#1" in scene.said[0]
    scene.changes.clear()
    sync(scene.ctx, Side.BLUE)
    assert scene.changes == []


def test_build_that_ended_while_its_job_was_read_is_found_again(scene: Scene) -> None:
    """The former owner lists it neither as running nor as finished until the job is read once more; a deleted one is forgotten."""
    scene.ctx.upgrade.owner = Side.GREEN
    for job in ("app", "serial"):
        scene.blue.trigger(job, f"t-{job}")
    sync(scene.ctx, Side.BLUE, configs=False)
    scene.clock.move(scene.clock.now() + 5)
    scene.blue.visible.clear()
    del scene.blue.files[record_of(scene, "serial")]
    sync(scene.ctx, Side.BLUE, configs=False)
    assert scene.green.tickets() == ["t-app"]
    scene.clock.move(scene.clock.now() + 60)
    scene.blue.visible.clear()
    sync(scene.ctx, Side.BLUE, configs=False)
    assert scene.blue.visible == set()


def test_job_that_cannot_be_carried_costs_no_history(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The builds of all jobs arrive all the same, and then the failure is told: nobody hands over without that job."""

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
