"""What runs must be a release that can be asked and compared; anything else is a blocker that says what to do, never an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.model import Agent
from tests.fakes.world import ANN, Bot, World, make_config

CASES = [
    ("2.426.2.3", "is no release"),
    ("2.527-SNAPSHOT", "is no release"),
    ("2.426.2-rc1234.abcdef", "is no release"),
    ("2.332.4", "older than 2.346"),
    ("2.516.3", "not older than 2.516.3"),
]


@pytest.mark.parametrize(("running", "said"), CASES)
def test_plan_names_the_version_that_stands_against_it(tmp_path: Path, running: str, said: str) -> None:
    """Also where agents ask for a way through releases, which there is none to compute from such a version."""
    world = World(tmp_path)
    blue = world.instances["main-first"]
    blue.version, blue.connected = running, (Agent("a", True, "17.0.2", "4.13"),)
    notice = Bot(world, make_config(tmp_path)).commands.run("plan main 2.516.3", ANN)
    assert notice.tone == "bad"
    assert notice.parts[0].title == "Must be done first"
    [line] = [line for line in notice.parts[0].lines if "Versions:" in line]
    assert line.startswith("✗ Versions: main runs")
    assert f"main runs {running}" in line
    assert said in line


@pytest.mark.parametrize(("running", "said"), CASES)
def test_start_is_refused_with_the_same_reason(tmp_path: Path, running: str, said: str) -> None:
    """Nothing begins."""
    world = World(tmp_path)
    world.instances["main-first"].version = running
    bot = Bot(world, make_config(tmp_path))
    notice = bot.commands.run("start main 2.516.3", ANN)
    assert f"main runs {running}" in notice.text
    assert said in notice.text
    assert not bot.store.live()
