"""Runs `ci-upgrade rehearse` as a person would, and reads its summary."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["PATIENCE_SECONDS", "assert_clean", "assert_rolled_back", "rehearse"]

PATIENCE_SECONDS = 30
"""No measure of speed, since other tests run beside: it only tells a moment from a wait for builds or for a minute to pass."""
COMMAND = str(Path(sys.executable).with_name("ci-upgrade"))


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


def assert_rolled_back(summary: dict[str, Any]) -> None:
    """Users are back, and what ran on green is in blue's history (or it would count as lost). How fast: `make bench`."""
    assert summary["status"] == "rolled_back"
    assert_clean(summary)
    assert summary["rollback_seconds"] < PATIENCE_SECONDS
