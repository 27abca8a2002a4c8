"""`ci-upgrade adopt` on a real container, and `check` of what it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bot.cli import cli
from bot.config import parse
from bot.settings.environments import DockerConfig
from rehearsal.free_ports import free_port
from tests.docker.one_engine import ONE_ENGINE
from tests.docker.rig import DockerRig

pytestmark = ONE_ENGINE


@pytest.fixture
def jenkins(engine: Any) -> Any:
    """The stand-in itself, published as a first Jenkins usually is."""
    rig, port = DockerRig(engine), free_port()
    try:
        rig.start_blue(command=[], ports={"8080/tcp": ("127.0.0.1", port)})
        yield rig, port
    finally:
        rig.close()


def test_the_configuration_that_is_written_is_valid_and_names_what_was_found(
    jenkins: Any, tmp_path: Path
) -> None:
    """And it is never written over another file."""
    rig, port = jenkins
    path = tmp_path / "ci-upgrade.yaml"
    before = rig.untouched()
    done = CliRunner().invoke(cli, ["adopt", rig.blue_name, "--output", str(path)])
    assert done.exit_code == 0, done.output
    environment = parse(yaml.safe_load(path.read_text()), "adopted").controllers["main"].environment
    assert isinstance(environment, DockerConfig)
    assert environment.blue.container == rig.blue_name
    assert str(environment.blue.url) == f"http://127.0.0.1:{port}/"
    again = CliRunner().invoke(cli, ["adopt", rig.blue_name, "--output", str(path)])
    assert again.exit_code == 2
    assert "left as it is" in again.output
    assert rig.untouched() == before


def test_what_is_not_published_is_reached_by_name(engine: Any) -> None:
    """Also by agents: the router leads them to the port inside."""
    rig = DockerRig(engine)
    try:
        rig.start_blue()
        done = CliRunner().invoke(cli, ["adopt", rig.blue_name])
        environment = parse(yaml.safe_load(done.output), "adopted").controllers["main"].environment
        assert isinstance(environment, DockerConfig)
        assert environment.reach == "name"
        assert str(environment.blue.url) == f"http://{rig.blue_name}:8080/"
        assert environment.blue.agent_port == 50000
    finally:
        rig.close()


def test_a_container_that_is_not_there_is_said(engine: Any) -> None:
    done = CliRunner().invoke(cli, ["adopt", "no-such-container"])
    assert done.exit_code == 1
    assert "no container no-such-container" in str(done.exception)


def test_check_says_what_is_ready_and_what_to_do_about_the_rest(
    jenkins: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found: the container. Missing: Slack's tokens, the right API token, the router."""
    rig, _ = jenkins
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JENKINS_TOKEN", "wrong-token-value")
    adopted = yaml.safe_load(CliRunner().invoke(cli, ["adopt", rig.blue_name]).output)
    adopted["state_directory"] = str(tmp_path / "state")
    adopted["backups"]["directory"] = str(tmp_path)
    adopted["controllers"]["main"]["router"]["instances"][0]["socket"] = str(tmp_path / "none.sock")
    path = tmp_path / "ci-upgrade.yaml"
    path.write_text(yaml.safe_dump(adopted))
    done = CliRunner().invoke(cli, ["check", "--config", str(path)])
    assert done.exit_code == 1
    assert "✗ Tokens: SLACK_BOT_TOKEN is not set" in done.output
    assert "✓ Environment: the running instance was found" in done.output
    assert "✗ Router:" in done.output
    assert "wrong-token-value" not in done.output
