"""Reads a home that is in use as a tar stream, in constant memory."""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.ports import Selection

__all__ = ["home_bytes", "read_home"]

CHUNK = 1 << 20
ATTEMPTS = 3
SPOOL_LIMIT = 64 << 20
"""Files up to this size are read whole first, so that a change while reading can be noticed and the read repeated."""


def read_home(home: Path, selection: Selection, skipped: Callable[[str, str], None]) -> Iterator[bytes]:
    """See :meth:`bot.ports.Environment.read_home`."""
    for root in selection.roots:
        if root and not os.path.lexists(home / root):
            continue
        if root:
            yield from _parents(home, root)
        late: list[str] = []
        for path in _walk(home, root, selection):
            if path.rsplit("/", 1)[-1] in selection.last:
                late.append(path)
            else:
                yield from _member(home, path, skipped)
        for path in late:
            yield from _member(home, path, skipped)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def home_bytes(home: Path, selection: Selection) -> int:
    """Of the selected files. One that vanishes counts nothing."""
    total = 0
    for path in _walk(home, "", selection):
        with contextlib.suppress(OSError):
            status = (home / path).lstat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def _parents(home: Path, root: str) -> Iterator[bytes]:
    """Directories that lead to a root, so that it can be unpacked with its owners and modes."""
    parts = root.split("/")
    for depth in range(1, len(parts)):
        yield from _member(home, "/".join(parts[:depth]), lambda _path, _why: None)


def _walk(home: Path, root: str, selection: Selection) -> Iterator[str]:
    """Relative paths below a root, directories before their content, in a fixed order."""
    if root:
        yield root
        if not (home / root).is_dir() or (home / root).is_symlink():
            return
    try:
        entries = sorted(os.scandir(home / root), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return  # vanished since its parent was listed
    for entry in entries:
        path = f"{root}/{entry.name}" if root else entry.name
        is_directory = entry.is_dir(follow_symlinks=False)
        if not selection.keep(path, is_directory):
            continue
        if is_directory:
            yield from _walk(home, path, selection)
        else:
            yield path


def _member(home: Path, path: str, skipped: Callable[[str, str], None]) -> Iterator[bytes]:
    why = "changed while it was read"
    for _ in range(ATTEMPTS):
        try:
            before = os.lstat(home / path)
            if stat.S_ISREG(before.st_mode):
                if before.st_size > SPOOL_LIMIT:
                    yield from _large_file(home, path, before, skipped)
                    return
                content = _content(home / path, before)
                if content is None:
                    continue
                yield _header(home, path, before)
                yield content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)
            elif stat.S_ISDIR(before.st_mode) or stat.S_ISLNK(before.st_mode):
                yield _header(home, path, before)
            return  # sockets and devices have no place in a home
        except FileNotFoundError:
            why = "vanished while it was read"
        except PermissionError:
            why = "cannot be read: permission denied"
    skipped(path, why)


def _content(path: Path, before: os.stat_result) -> bytes | None:
    """The file as it was at ``before``; None when it changed in a way that spoils it. What was appended meanwhile is left out."""
    with path.open("rb") as file:
        content = file.read(before.st_size)
        after = os.fstat(file.fileno())
    if after.st_ino != before.st_ino or len(content) != before.st_size:
        return None
    if after.st_mtime_ns != before.st_mtime_ns and after.st_size == before.st_size:
        return None
    return content


def _large_file(
    home: Path, path: str, before: os.stat_result, skipped: Callable[[str, str], None]
) -> Iterator[bytes]:
    """Streamed at the size that it had; one that shrinks meanwhile is filled up and reported."""
    yield _header(home, path, before)
    left = before.st_size
    with (home / path).open("rb") as file:
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
    if left:
        skipped(path, "shrank while it was read; the rest is filled with zeros")
    while left:
        filler = b"\0" * min(CHUNK, left)
        left -= len(filler)
        yield filler
    yield b"\0" * (-before.st_size % tarfile.BLOCKSIZE)


def _header(home: Path, path: str, status: os.stat_result) -> bytes:
    member = tarfile.TarInfo(path)
    member.mode = stat.S_IMODE(status.st_mode)
    member.mtime = status.st_mtime
    member.uid, member.gid = status.st_uid, status.st_gid
    if stat.S_ISDIR(status.st_mode):
        member.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(status.st_mode):
        member.type = tarfile.SYMTYPE
        member.linkname = str((home / path).readlink())
    else:
        member.size = status.st_size
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
