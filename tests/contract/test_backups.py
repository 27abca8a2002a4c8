"""Archives of homes: whole or not there, checked file by file, damage named."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.backups.archive import ArchiveBackups
from adapters.clock import SystemClock
from bot.cli.backup import list_backups, restore, verify
from bot.errors import Interrupted, Permanent
from bot.settings.backups import BackupConfig
from bot.stop_token import StopToken

FILES = {
    "config.xml": b"<hudson/>",
    "jobs/web ü/config.xml": b"<project/>" * 1000,
    "secrets/master.key": bytes(range(256)),
}
Make = Callable[..., ArchiveBackups]


def stream(files: dict[str, bytes] = FILES) -> list[bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    data = buffer.getvalue()
    return [data[start : start + 1000] for start in range(0, len(data), 1000)]


@pytest.fixture(params=["plain", "encrypted"])
def backups(request: pytest.FixtureRequest, tmp_path: Path) -> ArchiveBackups:
    """The same behaviour with and without a passphrase."""
    key = tmp_path / "key"
    key.write_text("correct horse battery staple\n")
    config = BackupConfig(
        directory=tmp_path / "backups", encrypt_key_file=key if request.param == "encrypted" else None
    )
    return ArchiveBackups(config, SystemClock())


def archive_of(tmp_path: Path) -> Path:
    return tmp_path / "backups/main/u1.tar.zst"


def test_what_was_written_is_read_back(backups: ArchiveBackups, tmp_path: Path) -> None:
    """File by file, and only its owner may read it."""
    written = backups.write("u1", "main", "2.426.2", stream(), {"a.log": "vanished"})
    assert backups.verify("u1") == written
    assert (written.files, written.skipped) == (3, {"a.log": "vanished"})
    with backups.read("u1") as chunks, tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        found = {member.name: source.read() for member in tar if (source := tar.extractfile(member))}
    assert found == FILES
    assert stat.S_IMODE(archive_of(tmp_path).stat().st_mode) == 0o600
    assert backups.list() == (written,)


def test_a_backup_is_never_overwritten(backups: ArchiveBackups) -> None:
    backups.write("u1", "main", "2.426.2", stream(), {})
    with pytest.raises(Permanent, match="never overwritten"):
        backups.write("u1", "main", "2.426.2", stream({"x": b""}), {})
    assert backups.verify("u1").files == 3


def test_reading_a_backup_back_stops_when_told(backups: ArchiveBackups) -> None:
    """At the next chunk; the backup is as it was."""
    written = backups.write("u1", "main", "2.426.2", stream(), {})
    stop = StopToken(SystemClock())
    assert backups.verify("u1", stop) == written
    stop.set()
    with pytest.raises(Interrupted):
        backups.verify("u1", stop)
    assert backups.verify("u1") == written


def test_one_changed_byte_is_noticed(backups: ArchiveBackups, tmp_path: Path) -> None:
    backups.write("u1", "main", "2.426.2", stream(), {})
    data = bytearray(archive_of(tmp_path).read_bytes())
    data[len(data) // 2] ^= 1
    archive_of(tmp_path).write_bytes(data)
    with pytest.raises(Permanent, match="damaged"):
        backups.verify("u1")


def test_an_archive_that_was_cut_short_is_noticed_while_it_is_read(
    backups: ArchiveBackups, tmp_path: Path
) -> None:
    """Also by a restore that did not verify first."""
    backups.write("u1", "main", "2.426.2", stream({"big": bytes(range(256)) * 20_000}), {})
    archive_of(tmp_path).write_bytes(archive_of(tmp_path).read_bytes()[:-40])
    with pytest.raises(Permanent), backups.read("u1") as chunks:
        b"".join(chunks)


def test_a_stream_that_ends_too_early_leaves_nothing_behind(backups: ArchiveBackups, tmp_path: Path) -> None:
    with pytest.raises(Permanent):
        backups.write("u1", "main", "2.426.2", stream()[:4], {})
    assert backups.list() == ()
    assert list((tmp_path / "backups/main").iterdir()) == []


def test_leftovers_of_a_crash_are_no_backups_and_are_cleared(backups: ArchiveBackups, tmp_path: Path) -> None:
    directory = tmp_path / "backups/main"
    directory.mkdir(parents=True)
    (directory / "u0.tar.part").write_text("half")
    (directory / "u0.tar.zst").write_text("archive without a manifest")
    assert backups.list() == ()
    assert backups.get("u0") is None
    backups.write("u1", "main", "2.426.2", stream(), {})
    assert not (directory / "u0.tar.part").exists()


def test_a_full_disk_is_a_plain_sentence_and_leaves_nothing_behind(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)], check=True)
    try:
        backups = ArchiveBackups(BackupConfig(directory=small), SystemClock())
        noise = {"noise": os.urandom(2_000_000)}
        with pytest.raises(Permanent, match="is full"):
            backups.write("u1", "main", "2.426.2", stream(noise), {})
        assert list((small / "main").iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("name", ["../u1", "", "a/b", ".hidden", "x" * 100])
def test_names_that_lead_elsewhere_are_refused(backups: ArchiveBackups, name: str) -> None:
    with pytest.raises(Permanent, match="not the name"):
        backups.get(name)


def test_a_wrong_passphrase_is_said(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("one")
    config = BackupConfig(directory=tmp_path / "backups", encrypt_key_file=key)
    ArchiveBackups(config, SystemClock()).write("u1", "main", "2.426.2", stream(), {})
    key.write_text("another")
    with pytest.raises(Permanent, match="passphrase"):
        ArchiveBackups(config, SystemClock()).verify("u1")


def test_removed_is_gone(backups: ArchiveBackups) -> None:
    backups.write("u1", "main", "2.426.2", stream(), {})
    backups.remove("u1")
    backups.remove("u1")
    assert backups.list() == ()
    with pytest.raises(Permanent, match="no backup"):
        backups.verify("u1")


def test_the_command_line_lists_checks_and_restores(backups: ArchiveBackups, tmp_path: Path) -> None:
    """And never writes over anything."""
    backups.write("u1", "main", "2.426.2", stream(), {})
    runner = CliRunner()
    assert "u1  main 2.426.2" in runner.invoke(list_backups, obj=backups).output
    assert "is whole" in runner.invoke(verify, ["u1"], obj=backups).output
    target = tmp_path / "restored"
    assert runner.invoke(restore, ["u1", "--to", str(target)], obj=backups).exit_code == 0
    assert {
        str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()
    } == FILES
    again = runner.invoke(restore, ["u1", "--to", str(target)], obj=backups)
    assert again.exit_code == 2
    assert "not an empty directory" in again.output
    assert isinstance(runner.invoke(verify, ["absent"], obj=backups).exception, Permanent)
