"""`ci-upgrade health` says whether a bot serves."""

from __future__ import annotations

import os
import time
from pathlib import Path

import yaml
from click.testing import CliRunner

from bot.cli import cli
from bot.heartbeat import OLD_SECONDS, beat
from tests.fakes.world import make_config


def test_health_goes_by_the_age_of_the_last_sign(tmp_path: Path) -> None:
    """None yet, fresh, and too old."""
    config = make_config(tmp_path).model_dump(mode="json")
    config["state_directory"] = str(tmp_path)
    path = tmp_path / "ci-upgrade.yaml"
    path.write_text(yaml.safe_dump(config))

    def ask() -> int:
        return CliRunner().invoke(cli, ["health", "--config", str(path)]).exit_code

    assert ask() == 1
    beat(tmp_path)
    assert ask() == 0
    old = time.time() - OLD_SECONDS - 5
    os.utime(tmp_path / "alive", (old, old))
    assert ask() == 1
