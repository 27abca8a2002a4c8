"""Unpacks a tar stream into a home: each file appears whole, nothing outside the home is ever touched."""

from __future__ import annotations

import errno
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bot.errors import Permanent
from bot.tar_stream import members

__all__ = ["write_home"]


def write_home(home: Path, chunks: Iterable[bytes]) -> None:
    """See :meth:`bot.ports.Environment.write_home`."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        for member, content in members(chunks):
            _write(home, member, content)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Permanent(f"the disk of {home} is full: free some space and try again") from error
        raise Permanent(f"cannot write to {home}: {error.strerror or error}") from error


def _write(home: Path, member: tarfile.TarInfo, content: Callable[[], Iterator[bytes]]) -> None:
    target = _inside(home, member.name)
    if target == home:
        return
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        _adopt(target, member)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(_temporary_name(target.name))
    temporary.unlink(missing_ok=True)
    try:
        if member.issym():
            temporary.symlink_to(member.linkname)
        elif member.isfile():
            with temporary.open("xb") as file:
                for chunk in content():
                    file.write(chunk)
            _adopt(temporary, member)
        else:
            return
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _temporary_name(name: str) -> str:
    """Within the 255 bytes that a name may have, which are fewer characters in most scripts."""
    return os.fsdecode(b"." + os.fsencode(name)[:200] + b".ci-upgrade.tmp")


def _adopt(path: Path, member: tarfile.TarInfo) -> None:
    path.chmod(member.mode & 0o7777)
    if os.geteuid() == 0 and (member.uid or member.gid):
        os.chown(path, member.uid, member.gid)
    os.utime(path, (member.mtime, member.mtime))


def _inside(home: Path, name: str) -> Path:
    """The path of a member; refused when it, or a symbolic link on its way, would lead outside."""
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise Permanent(f"the stream holds a path outside the home: {name}")
    target = home / relative
    if not target.parent.resolve().is_relative_to(home.resolve()):
        raise Permanent(f"the stream would write through a link to outside the home: {name}")
    return target
