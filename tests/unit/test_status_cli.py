"""``ci-upgrade status`` reads the state directory; it also says what could not be shown in Slack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from adapters.sqlite_store import SqliteStore
from bot.cli import cli
from bot.content import Entry
from tests.contract.test_store import STARTED, UPGRADE


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "ci-upgrade.yaml"
    blue = {"url": "http://127.0.0.1:1", "home": "/home", "pid_file": "/pid"}
    environment = {"kind": "process", "wars": "/wars/{version}.war", "directory": str(tmp_path), "blue": blue}
    router = {"kind": "envoy", "admin": "http://127.0.0.1:1", "resources": str(tmp_path)}
    main = {
        "url": "http://ci.example.com/",
        "user": "bot",
        "token_env": "MAIN_TOKEN",
        "environment": environment,
        "router": router,
    }
    document = {
        "state_directory": str(tmp_path),
        "backups": {"directory": str(tmp_path / "backups")},
        "controllers": {"main": main},
    }
    path.write_text(yaml.safe_dump(document))
    return path


def status(config: Path, *options: str) -> str:
    done = CliRunner().invoke(cli, ["status", "--config", str(config), *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_status_says_why_messages_are_not_shown(config: Path, tmp_path: Path) -> None:
    """An archived channel is seen from the bot's machine as well, for people and for programs."""
    store = SqliteStore(tmp_path / "ci-upgrade.db")
    store.create(UPGRADE, STARTED)
    store.put("u1", "dashboard", "C1", Entry("news"))
    (row,) = store.due(0.0)
    store.retry(row.id, 600.0, "Slack takes no messages in C1")
    sentence = "A message is not shown in Slack: Slack takes no messages in C1.\n"
    assert f"{sentence}u1  main" in status(config), "before what could scroll away"
    assert json.loads(status(config, "--json"))["undelivered"] == {
        "messages": 1,
        "why": "Slack takes no messages in C1",
    }


def test_status_is_silent_about_messages_that_are_merely_on_their_way(config: Path, tmp_path: Path) -> None:
    """Nothing is wrong with them."""
    SqliteStore(tmp_path / "ci-upgrade.db").put("u1", "dashboard", "C1", Entry("news"))
    assert "Slack" not in status(config)
