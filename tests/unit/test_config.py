"""The configuration: every fault at once, each with its key path; secrets only from where it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import load, parse, secret
from bot.errors import ConfigurationError
from tests.fakes.world import make_config


def test_all_faults_are_reported_together_with_their_key_paths(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        "state_directory: /s\nslack: {chanel: C1}\nbackups: {directory: /b}\ncontrollers:\n  main: {url: nope, user: u}\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    for key in (
        "slack.chanel",
        "controllers.main.url",
        "controllers.main.environment",
        "controllers.main.router",
    ):
        assert key in str(caught.value)


@pytest.mark.parametrize(
    ("traffic", "advice"),
    [
        ([10, 50, 100], "handover exactly once"),
        ([50, 10, "handover", 100], "rise"),
        ([10, "handover"], "end with 100"),
        ([0, "handover", 100], "between 1 and 100"),
    ],
)
def test_a_traffic_plan_that_makes_no_sense_is_refused(
    tmp_path: Path, traffic: list[object], advice: str
) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        make_config(tmp_path, traffic=traffic)


@pytest.mark.parametrize("content", ["[]", "text", "a: [1", ""])
def test_what_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(content)
    with pytest.raises(ConfigurationError):
        load(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml"):
        load(tmp_path / "absent.yaml")


def test_a_rule_that_nobody_could_satisfy_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody could approve"):
        parse({"slack": {"operators": ["U1"], "approvers": ["U1"], "requester_may_approve": False}}, "test")


def test_a_missing_token_is_named_and_never_shown(tmp_path: Path) -> None:
    controller = make_config(tmp_path).controllers["main"]
    with pytest.raises(ConfigurationError, match="MAIN_TOKEN"):
        secret(controller, {})
    assert secret(controller, {"MAIN_TOKEN": " 11abc \n"}) == "11abc"


def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("11abc\n")
    controller = make_config(tmp_path).controllers["main"]
    from_file = controller.model_copy(update={"token_env": None, "token_file": tmp_path / "token"})
    assert secret(from_file, {}) == "11abc"
    with pytest.raises(ConfigurationError, match="cannot read"):
        secret(from_file.model_copy(update={"token_file": tmp_path / "absent"}), {})
