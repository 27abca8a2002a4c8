"""Whole upgrades with real processes: a real router, the stand-ins, the bot as its own process, an observer that counts from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = str(Path(sys.executable).with_name("ci-upgrade"))
PROCESSES = ["--environment", "process", "--router", "envoy"]
CONTAINERS = ["--environment", "docker", "--router", "haproxy"]
# One after the other: two at a time would measure each other's load.
REHEARSALS = pytest.mark.xdist_group("rehearsals")
SMALL = ["--rate", "20", "--jobs", "12", "--builds", "100"]


def rehearse(tmp_path: Path, *options: str, seconds: int) -> dict[str, Any]:
    """Run one; its exit code says that nothing was lost, doubled, missed or failed. Returns the summary."""
    summary = tmp_path / "summary.json"
    command = [
        COMMAND,
        "rehearse",
        "--headless",
        "--json",
        str(summary),
        "--directory",
        str(tmp_path / "stage"),
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    log = tmp_path / "stage" / "bot.log"
    assert done.returncode == 0, done.stderr[-3000:] + (log.read_text()[-3000:] if log.exists() else "")
    found: dict[str, Any] = json.loads(summary.read_text())
    return found


def assert_clean(summary: dict[str, Any]) -> None:
    """The same zeros whatever happened."""
    assert summary["requests"]["failed"] == 0
    assert summary["requests"]["total"] > 0
    assert (summary["builds"]["lost"], summary["builds"]["doubled"]) == (0, 0)
    assert summary["builds"]["triggered"] == summary["builds"]["run"] > 0
    assert (summary["timers"]["missed"], summary["timers"]["doubled"]) == (0, 0)
    assert (summary["slack"]["acks_over_3s"], summary["slack"]["doubled"]) == (0, 0)


@REHEARSALS
@pytest.mark.timeout(280)
def test_a_whole_upgrade_under_load_loses_nothing(tmp_path: Path) -> None:
    """Fifty requests a second, forty jobs, two thousand builds of history. On Docker: test_docker_and_haproxy.py."""
    summary = rehearse(tmp_path, *PROCESSES, "--rate", "50", "--jobs", "40", "--builds", "2000", seconds=270)
    assert summary["status"] == "completed"
    assert_clean(summary)
    assert summary["freeze_seconds"] < 3
    assert summary["timers"]["due"] > 0
    assert summary["approvals"] == 6
    assert [phase["name"] for phase in summary["phases"]] == [
        "preflight", "backup", "clone", "upgrade", "validate", "shift", "soak", "retire",
    ]  # fmt: skip


@pytest.mark.timeout(240)
# Every other point is taken on virtual time (tests/unit/test_whole_upgrade.py) and by `ci-upgrade rehearse --rollback-at`.
@pytest.mark.parametrize(
    ("stage", "point"),
    [
        pytest.param(PROCESSES, "25", marks=REHEARSALS),
        pytest.param(CONTAINERS, "handover", marks=pytest.mark.xdist_group("docker")),
    ],
)
def test_a_rollback_puts_users_back_at_once_and_loses_nothing(
    tmp_path: Path, stage: list[str], point: str
) -> None:
    """Before and after the handover: users are back within seconds, and what ran on green is in blue's history (or it would count as lost)."""
    summary = rehearse(tmp_path, *stage, *SMALL, "--rollback-at", point, seconds=230)
    assert summary["status"] == "rolled_back"
    assert_clean(summary)
    assert summary["rollback_seconds"] < 3


@REHEARSALS
@pytest.mark.timeout(390)
def test_killed_at_every_step_it_completes_all_the_same(tmp_path: Path) -> None:
    """SIGKILL before or after every journalled intent of every phase. Both: `ci-upgrade rehearse --kill-at-every-step`."""
    summary = rehearse(
        tmp_path, "--rate", "10", "--jobs", "8", "--builds", "50", "--kill-at-every-step=either", seconds=380
    )
    assert summary["status"] == "completed"
    assert_clean(summary)
    killed = {marker.name.split(":")[1].split(".")[0] for marker in (tmp_path / "stage" / "kills").iterdir()}
    assert {"preflight", "backup", "clone", "upgrade", "validate", "shift", "soak", "retire"} <= killed
    assert summary["kills"] > 40
