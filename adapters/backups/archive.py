"""Backups as one compressed archive each, with a manifest beside it.

``<directory>/<controller>/<id>.tar.zst`` and ``<id>.json``. The manifest is renamed into place last: a backup without one does
not exist, so a crash never leaves something that only looks like a backup.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from adapters.backups.encryption import decrypt, encrypt
from bot.errors import Permanent
from bot.model import BackupRecord
from bot.ports import Clock, Stop
from bot.settings.backups import BackupConfig
from bot.tar_stream import END, ChunkReader, members

__all__ = ["ArchiveBackups"]

CHUNK = 1 << 20
_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$")


class ArchiveBackups:
    """Implements :class:`bot.ports.Backups`."""

    def __init__(self, config: BackupConfig, clock: Clock) -> None:
        self._directory = config.directory
        self._key_file = config.encrypt_key_file
        self._clock = clock

    def write(
        self, id: str, controller: str, version: str, chunks: Iterable[bytes], skipped: Mapping[str, str]
    ) -> BackupRecord:
        directory = self._directory / _checked(controller)
        archive, manifest = directory / f"{_checked(id)}.tar.zst", directory / f"{id}.json"
        if manifest.exists():
            raise Permanent(f"there is a backup {id} already; backups are never overwritten")
        temporary = archive.with_suffix(".part")
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            for leftover in directory.glob("*.part"):
                leftover.unlink()
            files: dict[str, list[Any]] = {}
            digest = _write_file(temporary, self._sealed(_compressed(_listed(chunks, files))))
            record = BackupRecord(
                id=id,
                controller=controller,
                version=version,
                created_at=self._clock.now(),
                files=len(files),
                bytes=sum(size for size, _, _ in files.values()),
                archive_bytes=temporary.stat().st_size,
                sha256=digest,
                encrypted=self._key_file is not None,
                skipped=dict(skipped),
            )
            temporary.replace(archive)
            listing = json.dumps({"record": asdict(record), "files": files})
            _write_file(manifest.with_suffix(".part"), [listing.encode()])
            manifest.with_suffix(".part").replace(manifest)
            _fsync_directory(directory)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise Permanent(
                    f"the disk of {self._directory} is full: free some space; nothing was left behind"
                ) from error
            raise Permanent(
                f"the backup could not be written to {directory}: {error.strerror or error}"
            ) from error
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return record

    def verify(self, id: str, stop: Stop | None = None) -> BackupRecord:
        record, files = self._manifest(id)
        path = self._archive(record)
        digest = hashlib.sha256()
        with path.open("rb") as file:
            for chunk in _stoppable(iter(partial(file.read, CHUNK), b""), stop):
                digest.update(chunk)
        if digest.hexdigest() != record.sha256:
            raise Permanent(f"backup {id} is damaged: the archive's SHA-256 is not the one that was written")
        found: dict[str, list[Any]] = {}
        with self.read(id) as chunks:
            for _ in _listed(_stoppable(chunks, stop), found):
                pass
        for name in sorted(files.keys() | found.keys()):
            if files.get(name) != found.get(name):
                raise Permanent(f"backup {id} is damaged: {name} is not as it was written")
        return record

    @contextmanager
    def read(self, id: str) -> Iterator[Iterator[bytes]]:
        record, _ = self._manifest(id)
        with self._archive(record).open("rb") as file:
            yield _decompressed(self._opened(file, record), id)

    def get(self, id: str) -> BackupRecord | None:
        found = next(iter(self._directory.glob(f"*/{_checked(id)}.json")), None)
        return self._record(found) if found else None

    def list(self) -> tuple[BackupRecord, ...]:
        records = [self._record(path) for path in self._directory.glob("*/*.json")]
        return tuple(sorted(records, key=lambda record: record.created_at, reverse=True))

    def remove(self, id: str) -> None:
        for suffix in (".json", ".tar.zst"):  # the manifest first: what is half removed is no backup any more
            for path in self._directory.glob(f"*/{_checked(id)}{suffix}"):
                path.unlink()

    def free_bytes(self) -> int:
        path = self._directory
        while not path.exists():
            path = path.parent
        return shutil.disk_usage(path).free

    # ---- parts

    def _manifest(self, id: str) -> tuple[BackupRecord, dict[str, Any]]:
        found = next(iter(self._directory.glob(f"*/{_checked(id)}.json")), None)
        if found is None:
            raise Permanent(f"there is no backup {id} in {self._directory}")
        data = json.loads(found.read_text())
        return BackupRecord(**data["record"]), data["files"]

    @staticmethod
    def _record(path: Path) -> BackupRecord:
        return BackupRecord(**json.loads(path.read_text())["record"])

    def _archive(self, record: BackupRecord) -> Path:
        path = self._directory / record.controller / f"{record.id}.tar.zst"
        if not path.exists():
            raise Permanent(f"the archive {path} of backup {record.id} is gone")
        return path

    def _passphrase(self) -> bytes:
        assert self._key_file is not None, "asked only when a key file is configured"
        try:
            return self._key_file.read_bytes().strip()
        except OSError as error:
            raise Permanent(f"cannot read encrypt_key_file {self._key_file}: {error.strerror}") from error

    def _sealed(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        return encrypt(chunks, self._passphrase()) if self._key_file else chunks

    def _opened(self, file: BinaryIO, record: BackupRecord) -> Iterator[bytes]:
        if not record.encrypted:
            return iter(lambda: file.read(CHUNK), b"")
        if self._key_file is None:
            raise Permanent(f"backup {record.id} is encrypted: configure encrypt_key_file")
        return decrypt(file, self._passphrase())


def _checked(name: str) -> str:
    if not _ID.match(name):
        raise Permanent(f"{name!r} is not the name of a backup")
    return name


def _stoppable(chunks: Iterator[bytes], stop: Stop | None) -> Iterator[bytes]:
    for chunk in chunks:
        if stop is not None:
            stop.check()
        yield chunk


def _listed(chunks: Iterable[bytes], files: dict[str, Any]) -> Iterator[bytes]:
    """Pass the tar stream through and note (size, mode, SHA-256) of every file in it."""
    passed: list[bytes] = []

    def tee() -> Iterator[bytes]:
        for chunk in chunks:
            passed.append(chunk)
            yield chunk

    for member, content in members(tee()):
        digest = hashlib.sha256()
        for part in content():
            digest.update(part)
            yield from _drained(passed)
        if member.isfile():
            files[member.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")] = [
                member.size,
                member.mode,
                digest.hexdigest(),
            ]
        yield from _drained(passed)
    yield from _drained(passed)


def _drained(passed: list[bytes]) -> Iterator[bytes]:
    while passed:
        yield passed.pop(0)


def _compressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
    for chunk in chunks:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush()


def _decompressed(chunks: Iterator[bytes], id: str) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor().stream_reader(ChunkReader(chunks), read_size=CHUNK)  # type: ignore[arg-type]  # any readable raw file serves
    tail = b""
    try:
        while chunk := reader.read(CHUNK):
            tail = (tail + chunk[-len(END) :])[-len(END) :]
            yield chunk
    except zstandard.ZstdError as error:
        raise Permanent(f"backup {id} is damaged: {error}") from error
    # The library takes a frame that just ends for a whole one.
    if tail != END:
        raise Permanent(f"backup {id} is damaged: it was cut short")


def _write_file(path: Path, chunks: Iterable[bytes]) -> str:
    """Write, fsync, and return the SHA-256; the file is readable for its owner only."""
    digest = hashlib.sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _fsync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
