"""What must be known before an upgrade begins: where builds are kept, and which Java the target gets."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.model import Core, Identity
from bot.phases.preflight import inspect
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.world import ANN, Bot, FakeEnvironment, World, make_config


def test_builds_outside_of_the_home_are_a_blocker_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the directory and the setting; nothing was created."""
    asked = FakeJenkins.identity

    def elsewhere(self: FakeJenkins) -> Identity:
        return dataclasses.replace(asked(self), builds_directory="/mnt/builds/${ITEM_FULL_NAME}")

    monkeypatch.setattr(FakeJenkins, "identity", elsewhere)
    bot = Bot(World(tmp_path), make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    bot.settle(5)
    upgrade = bot.upgrade()
    assert upgrade.status is Status.FAILED
    assert upgrade.hold is not None
    assert "/mnt/builds/" in upgrade.hold.text
    assert "buildsDir" in upgrade.hold.text
    assert len(bot.world.instances) == 1


def test_a_release_that_does_not_tell_its_java_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the versions to look for; nobody is told that it fits."""
    monkeypatch.setattr(FakeEnvironment, "core", lambda _self, version, _like: Core(version, "ours:2", ()))
    bot = Bot(World(tmp_path), make_config(tmp_path))
    blue = bot.world.blue
    found = inspect(bot.contexts.services("main"), blue, "2.516.3")
    (java,) = [finding for finding in found if finding.name in ("Java", "Target")]
    assert (java.name, java.level) == ("Java", "warning")
    assert "17 or 21" in java.text
