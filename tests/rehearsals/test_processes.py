"""Whole upgrades of processes behind Envoy: the stand-ins, the bot as its own process, an observer that counts from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsals.rehearsing import PATIENCE_SECONDS, assert_clean, assert_rolled_back, rehearse

# One after the other: two at a time would measure each other's load.
pytestmark = pytest.mark.xdist_group("processes")


@pytest.mark.timeout(700)
def test_a_whole_upgrade_under_load_loses_nothing(tmp_path: Path) -> None:
    """Thirty requests a second, forty jobs, a thousand builds of history. More, and how fast: `make bench`."""
    summary = rehearse(tmp_path, "--rate", "30", "--jobs", "40", "--builds", "1000", seconds=600)
    assert summary["status"] == "completed"
    assert_clean(summary)
    assert summary["freeze_seconds"] < PATIENCE_SECONDS
    assert summary["timers"]["due"] > 0
    assert summary["approvals"] == 6
    assert [phase["name"] for phase in summary["phases"]] == [
        "preflight", "backup", "clone", "upgrade", "validate", "shift", "soak", "retire",
    ]  # fmt: skip


@pytest.mark.timeout(700)
def test_a_rollback_before_the_handover_loses_nothing(tmp_path: Path) -> None:
    """After it: test_containers.py. All points: tests/unit/test_whole_upgrade.py, and `ci-upgrade rehearse --rollback-at`."""
    options = ("--rate", "20", "--jobs", "12", "--builds", "100", "--rollback-at", "25")
    assert_rolled_back(rehearse(tmp_path, *options, seconds=600))
