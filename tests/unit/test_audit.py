"""The journal's chain: whatever is changed in it afterwards shows, in the database and in an exported file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from adapters.sqlite_store import SqliteStore
from bot.audit import first_fault
from bot.cli import cli
from bot.errors import Refused
from bot.model import Instance
from bot.store import Entry
from bot.upgrade import Status, Upgrade, plan_steps
from tests.fakes.world import make_config

UPGRADE = Upgrade(
    "u1", "main", "2.426.2", "2.516.3", "U1", "C1", 1.0, plan_steps((10,)), "soak", Status.RUNNING,
    Instance("blue", "2.426.2", "http://blue", "/home"),
)  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "ci-upgrade.yaml"
    settings = make_config(tmp_path).model_dump(mode="json", exclude_defaults=True)
    file.write_text(yaml.safe_dump(settings))
    return file


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    made = SqliteStore(tmp_path / "ci-upgrade.db")
    for number in range(5):
        made.record(
            Entry("u1", 1_764_000_000 + number, "decision", "gate-10", 1, "approved", "U0BOB", {"n": number})
        )
    made.record(Entry("u1", 1_764_000_009.25, "event", "soak", 1, "reached – ✓"))
    return made


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["history", "--config", str(config), *words])


def write(store: SqliteStore, sql: str, *values: Any) -> None:
    with store._connections.write() as db:
        db.execute(sql, list(values))


def test_an_untouched_journal_is_whole(store: SqliteStore, config: Path) -> None:
    """After it was opened again, too; and the newest hash is told."""
    again = SqliteStore(config.parent / "ci-upgrade.db")
    assert first_fault(again.audit_rows()) is None
    again.record(Entry("u2", 1_764_000_010.0, "event", "preflight", 1, "created"))
    done = run(config, "verify")
    assert (done.exit_code, again.last_hash("u2") in done.output) == (0, True)
    assert "7 entries" in done.output


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE journal SET actor = 'U0EVE' WHERE seq = 3",
        "UPDATE journal SET detail = '{\"n\": 7}' WHERE seq = 3",
        "UPDATE journal SET at = at + 1 WHERE seq = 3",
        "DELETE FROM journal WHERE seq = 3",
        "UPDATE journal SET seq = seq + 1 WHERE seq >= 3",
        "UPDATE journal SET hash = '0' WHERE seq = 3",
    ],
)
def test_what_is_changed_afterwards_shows(store: SqliteStore, config: Path, damage: str) -> None:
    """Edited, removed, moved: with the place where the chain breaks, and exit code 1."""
    if "seq = seq" in damage:
        write(store, "UPDATE journal SET seq = -seq WHERE seq >= 3")
        write(store, "UPDATE journal SET seq = 1 - seq WHERE seq < 0")
    else:
        write(store, damage)
    assert "behind entry 2" in (first_fault(store.audit_rows()) or "")
    done = run(config, "verify")
    assert done.exit_code != 0
    assert isinstance(done.exception, Refused)


def test_a_row_that_is_put_in_shows(store: SqliteStore) -> None:
    """Even with a hash copied from a good one."""
    write(
        store,
        "INSERT INTO journal SELECT 99, upgrade, at, kind, step, attempt, name, actor, detail, hash FROM journal WHERE seq = 6",
    )
    assert "entry 99" in (first_fault(store.audit_rows()) or "")


def test_a_cut_end_shows_against_a_hash_that_was_kept(store: SqliteStore, config: Path) -> None:
    """The chain alone cannot tell it."""
    noted = store.last_hash("u1")
    assert run(config, "verify", "--head", noted).exit_code == 0
    write(store, "DELETE FROM journal WHERE seq = 6")
    assert run(config, "verify").exit_code == 0
    assert run(config, "verify", "--head", noted).exit_code != 0


def test_an_exported_journal_is_verified_without_the_database(
    store: SqliteStore, config: Path, tmp_path: Path
) -> None:
    """Line by line as it is stored; a changed line is found."""
    file = tmp_path / "audit.jsonl"
    assert run(config, "export", "--output", str(file)).exit_code == 0
    assert run(config, "export").output == file.read_text()
    assert run(config, "verify", str(file)).exit_code == 0
    lines = file.read_text().splitlines()
    lines[1] = lines[1].replace("U0BOB", "U0EVE")
    file.write_text("\n".join(lines))
    assert run(config, "verify", str(file)).exit_code != 0
    file.write_text("no journal")
    assert "Line 1" in str(run(config, "verify", str(file)).exception)


def test_one_upgrades_entries_are_verified_as_a_part(
    store: SqliteStore, config: Path, tmp_path: Path
) -> None:
    """Others' entries lie between them, so they are not the whole journal, and the file must say so."""
    store.record(Entry("u2", 1_764_000_010.0, "event", "preflight", 1, "created"))
    store.record(Entry("u1", 1_764_000_011.0, "event", "soak", 1, "done"))
    file = tmp_path / "u1.jsonl"
    assert run(config, "export", "--upgrade", "u1", "--output", str(file)).exit_code != 0, "no such upgrade"
    store.create(UPGRADE, Entry("u1", 1_764_000_012.0, "event", "preflight", 1, "created"))
    assert run(config, "export", "--upgrade", "u1", "--output", str(file)).exit_code == 0
    assert len(file.read_text().splitlines()) == 8
    assert "--part" in str(run(config, "verify", str(file)).exception)
    assert run(config, "verify", "--part", str(file)).exit_code == 0
    lines = file.read_text().splitlines()
    for damaged in (
        [*lines[:1], lines[1].replace("U0BOB", "U0EVE"), *lines[2:]],
        [*lines[:1], lines[2], lines[1], *lines[3:]],
        [*lines[:2], *lines[1:]],
    ):
        file.write_text("\n".join(damaged))
        assert run(config, "verify", "--part", str(file)).exit_code != 0
    assert run(config, "verify", "--part").exit_code == 2


def test_an_exported_file_is_for_its_owner(store: SqliteStore, config: Path, tmp_path: Path) -> None:
    """It says who did what; a place that does not exist is a sentence."""
    file = tmp_path / "audit.jsonl"
    file.touch(0o644)
    assert run(config, "export", "--output", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    refused = run(config, "export", "--output", str(tmp_path / "nowhere" / "audit.jsonl"))
    assert isinstance(refused.exception, Refused)
    assert "No such file" in str(refused.exception)


@pytest.mark.parametrize(
    "line", ['{"seq": 1}', "[]", "7", "\x80", '{"note": "not covered by the hash", %s', '{"seq": "1", %s']
)
def test_what_no_export_has_written_is_refused(
    store: SqliteStore, config: Path, tmp_path: Path, line: str
) -> None:
    """Words that no hash covers above all."""
    file = tmp_path / "audit.jsonl"
    run(config, "export", "--output", str(file))
    whole = file.read_text().splitlines()[0]
    rest = whole.split(",", 1)[1] if '"seq"' in line else whole[1:]
    file.write_text(line.replace("%s", rest), encoding="latin-1")
    assert "Line 1" in str(run(config, "verify", str(file)).exception)


def test_history_shows_one_controllers_upgrades(store: SqliteStore, config: Path) -> None:
    """A name that is not configured is told, not answered with an empty list."""
    store.create(UPGRADE, Entry("u1", 1_764_000_012.0, "event", "preflight", 1, "created"))
    assert "u1" in run(config, "--controller", "main").output
    assert "There are: main" in str(run(config, "--controller", "mian").exception)


def test_rows_of_an_older_release_are_chained_when_it_is_opened(tmp_path: Path) -> None:
    """What came before the chain is covered from then on."""
    path = tmp_path / "ci-upgrade.db"
    store = SqliteStore(path)
    store.record(Entry("u1", 1.0, "event", "preflight", 1, "created", None, {"a": 1}))
    store.record(Entry("u1", 2.0, "event", "backup", 1, "reached"))
    with store._connections.write() as db:
        db.execute("ALTER TABLE journal DROP COLUMN hash")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'chained_journal'")
    again = SqliteStore(path)
    assert first_fault(again.audit_rows()) is None
    assert [json.loads(row["detail"] or "null") for row in again.audit_rows()] == [{"a": 1}, None]
