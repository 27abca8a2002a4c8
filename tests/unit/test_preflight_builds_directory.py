"""Builds that are kept outside of their jobs are in no backup: the upgrade must not begin."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.model import Identity
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.world import ANN, Bot, World, make_config


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
