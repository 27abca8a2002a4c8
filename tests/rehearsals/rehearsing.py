"""Runs `ci-upgrade rehearse` as a person would, and reads its summary."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rehearsal.child_processes import end_group, tail

__all__ = ["PATIENCE_SECONDS", "VISITORS_WAIT_SECONDS", "assert_clean", "assert_rolled_back", "rehearse"]

PATIENCE_SECONDS = 30
"""No measure of speed, since other tests run beside: it only tells a moment from a wait for builds or for a minute to pass."""
VISITORS_WAIT_SECONDS = 120
"""On a machine that does other things as well. Whether answers come in time is what `make bench` asks."""
END_SECONDS = 60.0
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
        "--patience",
        str(VISITORS_WAIT_SECONDS),
        *options,
    ]
    output = tmp_path / "rehearse.log"
    with output.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        process.wait(seconds)
    finally:
        _end(process)
    assert process.returncode == 0, tail(output, 40) + "\n" + tail(tmp_path / "stage" / "bot.log", 40)
    found: dict[str, Any] = json.loads(summary.read_text())
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """One that runs still takes its own children with it when it is told to end; killed, it would leave them behind."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    end_group(process, at_once=True)


def assert_clean(summary: dict[str, Any]) -> None:
    """The same zeros whatever happened."""
    assert summary["requests"]["failed"] == 0
    assert summary["requests"]["total"] > 0
    assert (summary["builds"]["lost"], summary["builds"]["doubled"]) == (0, 0)
    assert summary["builds"]["triggered"] == summary["builds"]["run"] > 0
    assert (summary["timers"]["missed"], summary["timers"]["doubled"]) == (0, 0)
    assert summary["slack"]["doubled"] == 0


def assert_rolled_back(summary: dict[str, Any]) -> None:
    """Users are back, and what ran on green is in blue's history (or it would count as lost). How fast: `make bench`."""
    assert summary["status"] == "rolled_back"
    assert_clean(summary)
    assert summary["rollback_seconds"] < PATIENCE_SECONDS
