"""Blue takes over from a silent green: what is on green's disk is told apart by blue's own knowledge of where jobs are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from bot.home_rules import BUILD
from bot.model import BuildReport, GuardState, NodeSet, Role, Side
from bot.ownership import takeover
from bot.ownership.places import Places
from tests.fakes.timing import VirtualClock
from tests.fakes.world import World

DIRECTORIES = {
    "jobs/app": "app",
    "jobs/team/jobs/web ü": "team/web ü",
    "jobs/lib/branches/feature-x.k3l4": "lib/feature%2Fx",
    "jobs/grid": "grid",
    "jobs/grid/configurations/axis-OS/linux": "grid/OS=linux",
}
NUMBERS = {"app": 8, "team/web ü": 3, "lib/feature%2Fx": 2, "grid": 5}
FACTS = {"executors": 5, "agent_port": 50000}
"""Of blue, before the upgrade changed anything."""
DONE = b"<build><result>SUCCESS</result></build>"


@dataclass
class Blue:
    """The verbs that a takeover uses, and what was asked of them."""

    reloaded: list[str] = field(default_factory=list)
    raised: dict[str, int] = field(default_factory=dict)
    role: Role = Role.FOLLOWER
    added: list[NodeSet] = field(default_factory=list)

    def job_directories(self) -> Mapping[str, str]:
        return DIRECTORIES

    def numbers(self, at_least: Mapping[str, int]) -> Mapping[str, int]:
        self.raised.update(at_least)
        return NUMBERS

    def reload(self, jobs: list[str]) -> tuple[str, ...]:
        self.reloaded += jobs
        return ()

    def builds(self, since_ms: int, watched: tuple[()]) -> BuildReport:
        return BuildReport(0, (), ())

    def nodes(self) -> NodeSet:
        return NodeSet({}, {}, 2)

    def add_nodes(self, nodes: NodeSet) -> None:
        self.added.append(nodes)

    def take_role(self, role: Role, upgrade: str, busy: tuple[()]) -> GuardState:
        self.role = role
        return GuardState(role, upgrade, False, busy, 0)


@dataclass
class Scene:
    blue: Blue
    copied: dict[str, bytes]
    lines: list[str]


@pytest.fixture
def take_over(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], Scene]:
    monkeypatch.setattr(takeover, "send_back", lambda _ctx, owner: owner)

    def run(green_files: dict[str, bytes]) -> Scene:
        world = World(tmp_path)
        green = world.environment.create("green", world.blue, "2.440.1", "u1")
        world.instances["green"].files.update(green_files)
        files = world.instances[world.blue.name].files
        files.clear()
        scene = Scene(Blue(), files, [])
        upgrade = SimpleNamespace(
            instance=lambda side: green if side is Side.GREEN else world.blue,
            blue=world.blue,
            facts={**FACTS, "released_at": 60.0},
        )
        ctx: Any = SimpleNamespace(
            id="u1",
            attempt=1,
            upgrade=upgrade,
            store=SimpleNamespace(document=lambda _key: None),
            clock=VirtualClock(0),
            services=SimpleNamespace(environment=world.environment),
            jenkins=lambda _side: scene.blue,
            change=lambda _point, act, again: act(),
            say=lambda _text, *lines, **_: scene.lines.extend(lines),
        )
        takeover.take_over(ctx)
        return scene

    return run


def test_branches_and_cells_are_known_by_their_directories(
    take_over: Callable[[dict[str, bytes]], Scene],
) -> None:
    """New builds come along and raise their job's number, under the name that the controller uses."""
    files = {
        "jobs/app/builds/8/build.xml": DONE,
        "jobs/team/jobs/web ü/builds/3/build.xml": DONE,
        "jobs/lib/branches/feature-x.k3l4/builds/2/build.xml": DONE,
        "jobs/grid/builds/5/build.xml": DONE,
        "jobs/grid/configurations/axis-OS/linux/builds/5/build.xml": DONE,
    }
    scene = take_over(files)
    assert scene.copied == files
    assert scene.blue.reloaded == ["app", "grid", "grid/OS=linux", "lib/feature%2Fx", "team/web ü"]
    assert scene.blue.raised.items() >= {"app": 9, "lib/feature%2Fx": 3, "grid": 6}.items()
    assert scene.blue.role is Role.OWNER


def test_blue_gets_agents_executors_and_its_agent_port_back(
    take_over: Callable[[dict[str, bytes]], Scene],
) -> None:
    """Agents as green's disk has them; the rest as it was before the upgrade."""
    scene = take_over({"nodes/one/config.xml": b"<slave/>"})
    assert scene.blue.added == [NodeSet({"one": "<slave/>"}, {}, 5, agent_port=50000)]


def test_builds_of_blue_are_left_alone(take_over: Callable[[dict[str, bytes]], Scene]) -> None:
    """Green's copies of what blue has given out itself are not written over it, nor artifacts that look like builds."""
    scene = take_over(
        {
            "jobs/app/builds/7/build.xml": DONE,
            "jobs/app/builds/7/archive/builds/99/x": b"x",
            "jobs/lib/branches/feature-x.k3l4/builds/1/build.xml": DONE,
            "jobs/grid/configurations/axis-OS/linux/builds/4/build.xml": DONE,
        }
    )
    assert scene.copied == {}
    assert scene.blue.reloaded == []


def test_jobs_that_blue_does_not_have_are_named(take_over: Callable[[dict[str, bytes]], Scene]) -> None:
    """A branch that green found: its builds would be in the way when blue finds it. What was cut off is named as well."""
    scene = take_over({"jobs/lib/branches/new.a1/builds/1/build.xml": DONE, "jobs/app/builds/9/log": b"half"})
    assert scene.copied == {}
    assert any("jobs/lib/branches/new.a1" in line for line in scene.lines)
    assert any("jobs/app/builds/9" in line for line in scene.lines)
    assert scene.blue.raised["app"] == 10


@pytest.mark.parametrize(
    ("job", "number", "given"),
    [
        ("app", 7, True),
        ("app", 8, False),
        ("grid/OS=linux", 4, True),
        ("grid/OS=linux", 5, False),
        ("new", 1, False),
    ],
)
def test_parts_are_numbered_like_the_whole(job: str, number: int, given: bool) -> None:
    """A cell has the number of the build that it belongs to."""
    assert Places(DIRECTORIES, NUMBERS).has_given_out(job, number) is given


@pytest.mark.parametrize(
    ("path", "job", "number"),
    [
        ("jobs/app/builds/12", "jobs/app", "12"),
        ("jobs/builds/builds/3/log", "jobs/builds", "3"),
        ("jobs/a/builds/12/archive/b/builds/4/x", "jobs/a", "12"),
        ("jobs/l/branches/x.1/builds/2/build.xml", "jobs/l/branches/x.1", "2"),
    ],
)
def test_the_outermost_build_of_a_path_counts(path: str, job: str, number: str) -> None:
    """Jobs may be called ``builds``, and artifacts may lie anywhere."""
    match = BUILD.match(path)
    assert match is not None
    assert (match["job"], match["number"]) == (job, number)


@pytest.mark.parametrize(
    "path", ["jobs/app/builds/legacyIds", "jobs/app/config.xml", "userContent/builds/3/x"]
)
def test_what_is_no_build(path: str) -> None:
    """Neither other files of a job nor directories elsewhere."""
    assert BUILD.match(path) is None
