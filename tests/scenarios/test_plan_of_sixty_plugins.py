"""The plan of an upgrade to 2.516.3, on a rehearsal controller with sixty plugins and an update centre beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.bot_settings import TOKEN_VARIABLE
from rehearsal.jenkins.war import make_war
from rehearsal.launch import war_path
from rehearsal.stage import Stage, StageOptions

COMMAND = str(Path(sys.executable).with_name("ci-upgrade"))
TARGET = "2.516.3"
CHANNEL, ANN = "C0CIOPS", "U0ANN"

pytestmark = pytest.mark.xdist_group("plan")
"""One stage is enough: all of them only look."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("plan")
    with Stage(directory, StageOptions(jobs=4, builds=4)) as one:
        make_war(war_path(directory / "wars", TARGET), TARGET)
        yield one


def plan(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "plan", *arguments, "--config", str(stage.config)],
        env={**os.environ, TOKEN_VARIABLE: stage.accounts.bot_token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_plan_as_json(stage: Stage) -> None:
    """Everything that an upgrade needs to know is printed, nothing blocks, and asking again says the same."""
    done = plan(stage, "main", TARGET, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["source"], said["target"], said["hops"], said["blockers"]) == (
        "2.426.2",
        TARGET,
        [TARGET],
        [],
    )
    changes = {change["name"]: change for change in said["plugins"]["changes"]}
    assert len(said["plugins"]["kept"]) + sum(one["from"] is not None for one in changes.values()) == 60
    assert all(change["reasons"] and change["sha256"] for change in changes.values())
    # Nobody could sign in with the old one on the new core, so the guide's rule takes it along, with what it needs.
    assert (changes["ldap"]["from"], changes["ldap"]["to"]) == ("711.vb_d1a_491714dc", "780.vcb_33c9a_e4332")
    assert "mailer" in changes
    rules = {rule["id"]: rule for rule in said["rules"]}
    assert rules["2.479-spring-security"]["planned"]
    assert rules["2.440-disk-space"]["level"] == "warning"
    assert said["advisories"]["fixed"]
    assert said["advisories"]["left"]
    assert said["java"]["needed"] == {TARGET: [17, 21]}
    assert [agent["name"] for agent in said["agents"]] == ["agent-1"]
    assert said["disk"]["plugin_downloads"] > 0
    assert {one["phase"] for one in said["durations"]} >= {"backup", "shift", "soak"}
    again = json.loads(plan(stage, "main", TARGET, "--json").stdout)
    assert again["plugins"] == said["plugins"]


def test_plan_for_people_says_the_same(stage: Stage) -> None:
    """In Slack the answer begins with the outcome, then what needs a human, and names every plugin that changes."""
    changes = json.loads(plan(stage, "main", TARGET, "--json").stdout)["plugins"]["changes"]
    stage.people.say(ANN, CHANNEL, f"/ci-upgrade plan main {TARGET}")

    def answer() -> str | None:
        # The blocks have all of it; the text for notifications is shorter.
        messages = [
            json.dumps(message["blocks"], ensure_ascii=False)
            for message in stage.people.messages(CHANNEL, seen_by=ANN)
        ]
        return next((message for message in messages if "ready to start" in message), None)

    text = stage.people.wait_for(answer)
    for change in changes:
        assert f"{change['name']} " in text
    told = ["*To look at*", "Upgrade guide", "*What changes*", "Plugins:", "*Checked and fine*", "✓ Controller"]
    assert sorted(told, key=text.index) == told


def test_wrong_use_is_told_apart_from_blockers(stage: Stage) -> None:
    """2 for an unknown controller or a version that is none; 1 for a release that is not there."""
    assert plan(stage, "other", TARGET).returncode == 2
    assert plan(stage, "main", "latest").returncode == 2
    blocked = plan(stage, "main", "2.528.3")
    assert blocked.returncode == 1
    assert "blocker" in blocked.stdout
