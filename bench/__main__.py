"""Prints figures for what people notice: backups, the store, how long builds wait at a handover, how fast a rollback is.

Exit code 1 when builds waited longer, or users were back later, than they may (`LONGEST_SECONDS`), when Slack was acknowledged too
late, or when something was lost.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.backups.archive import ArchiveBackups
from adapters.clock import SystemClock
from adapters.homes.reader import read_home
from adapters.homes.writer import write_home
from adapters.sqlite_store import SqliteStore
from bot.home_rules import in_backup
from bot.model import Instance
from bot.ports import Selection
from bot.settings.backups import BackupConfig
from bot.store import Entry
from bot.upgrade import Status, Upgrade, plan_steps

FILES = 100_000
SAVES = 300
LONGEST_SECONDS = 3.0
LOAD = ("--rate", "50", "--jobs", "40", "--builds", "2000")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        _backup(directory)
        _store(directory)
        upgrade = _rehearsed(directory / "upgrade")
        rollback = _rehearsed(directory / "rollback", "--rollback-at", "handover")
        waited, back = upgrade["freeze_seconds"], rollback["rollback_seconds"]
        acks, late = (
            sum(summary["slack"][key] for summary in (upgrade, rollback)) for key in ("acks", "acks_over_3s")
        )
        _say(f"builds waited at the handover: {waited:.2f} s")
        _say(f"users were back after: {back:.2f} s")
        _say(f"acknowledged to Slack: {acks} times, {late} of them after more than 3 s")
    sys.exit(int(late > 0 or max(waited, back) > LONGEST_SECONDS))


def _backup(directory: Path) -> None:
    home = directory / "home"
    for number in range(FILES):
        path = home / f"jobs/job-{number // 500}/builds/{number % 500}/build.xml"
        path.parent.mkdir(parents=True)
        path.write_text(f"<build><number>{number}</number><result>SUCCESS</result></build>\n" * 5)
    backups = ArchiveBackups(BackupConfig(directory=directory / "backups"), SystemClock())

    def write() -> None:
        backups.write(
            "bench",
            "main",
            "2.426.2",
            read_home(home, Selection(keep=in_backup), lambda _path, _why: None),
            {},
        )

    def restore() -> None:
        with backups.read("bench") as chunks:
            write_home(directory / "restored", chunks)

    _report(f"backup of {FILES} small files", write, FILES, "files")
    _report("reading it back and comparing", lambda: backups.verify("bench"), FILES, "files")
    _report("restoring it", restore, FILES, "files")


def _store(directory: Path) -> None:
    store = SqliteStore(directory / "state.db")
    upgrade = Upgrade(
        "u1", "main", "2.426.2", "2.516.3", "U1", "C1", 1.0, plan_steps((10, "handover", 100)), "preflight", Status.RUNNING,
        Instance("blue", "2.426.2", "http://blue", "/home"),
    )  # fmt: skip
    entry = Entry("u1", 1.0, "intent", "preflight", 1, "x")
    store.create(upgrade, entry)

    def save() -> None:
        row = store.get("u1")
        for number in range(SAVES):
            row = store.save(dataclasses.replace(row, weight=number % 100), entry)

    _report("journalled saves, fsynced", save, SAVES, "saves")


def _rehearsed(directory: Path, *options: str) -> dict[str, Any]:
    """The summary of a whole upgrade under load, on an otherwise idle machine; takes about three minutes."""
    directory.mkdir()
    summary = directory / "summary.json"
    command = [
        str(Path(sys.executable).with_name("ci-upgrade")),
        "rehearse",
        "--headless",
        "--json",
        str(summary),
    ]
    subprocess.run([*command, "--directory", str(directory / "stage"), *LOAD, *options], check=True)
    found: dict[str, Any] = json.loads(summary.read_text())
    return found


def _report(what: str, act: Callable[[], object], count: int, unit: str) -> None:
    began = time.perf_counter()
    act()
    seconds = time.perf_counter() - began
    _say(f"{what}: {seconds:.2f} s ({count / seconds:,.0f} {unit}/s)")


def _say(line: str) -> None:
    """At once: what follows takes minutes, and removing what was measured with takes some more."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
