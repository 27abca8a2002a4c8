"""Unpacks a tar stream into the home of a container through the engine.

A running Jenkins must never see half a file: there, files arrive under temporary names and are renamed in the stream's order.
"""

from __future__ import annotations

import io
import tarfile
import uuid
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from adapters.environments.docker.engine import Engine
from adapters.environments.docker.execution import Execution
from adapters.environments.docker.home_listing import RENAME
from bot.errors import Permanent, Temporary
from bot.tar_stream import members, written

__all__ = ["write_home"]

Member = tuple[tarfile.TarInfo, Iterator[bytes]]


def write_home(
    engine: Engine,
    container: str,
    path: str,
    owner: tuple[int, int],
    chunks: Iterable[bytes],
    *,
    running: bool,
) -> None:
    """See :meth:`bot.ports.Environment.write_home`. ``owner`` (user, group) gets what the stream says is root's."""
    whole = _checked(chunks, owner)
    if not running:
        _put(engine, container, path, written(whole))
        return
    renames = _Renames(owner)
    _put(engine, container, path, written(renames.of(whole)))
    if renames.count:
        _rename(engine, container, path, renames.file)


class _Renames:
    """Gives files temporary names, and adds a last file that lists what they are to be called."""

    def __init__(self, owner: tuple[int, int]) -> None:
        self.file = f".ci-upgrade-{uuid.uuid4().hex}"
        self.count = 0
        self._owner = owner

    def of(self, entries: Iterable[Member]) -> Iterator[Member]:
        lines = io.StringIO()
        for member, content in entries:
            if member.isfile():
                final = PurePosixPath(member.name)
                # Numbered: two long names may begin alike, and a longer one may not be allowed.
                self.count += 1
                temporary = final.with_name(f".{self.count}.ci-upgrade.tmp")
                lines.write(f"./{temporary}\n./{final}\n")
                member.name = str(temporary)
            yield member, content
        text = lines.getvalue().encode("utf-8", "surrogateescape")
        listing = tarfile.TarInfo(self.file)
        listing.size, listing.mode = len(text), 0o600
        listing.uid, listing.gid = self._owner
        yield listing, iter([text])


def _rename(engine: Engine, container: str, path: str, listing: str) -> None:
    execution = Execution(engine, container, ["sh", "-c", RENAME, "sh", path, listing])
    execution.run()
    if execution.exit_code:
        raise Temporary(
            f"files written to {path} in {container} could not be renamed: {execution.errors.decode(errors='replace')[:200]}"
        )


def _checked(chunks: Iterable[bytes], owner: tuple[int, int]) -> Iterator[Member]:
    """Refuses what would lead outside the home, by its name or through a link that came in the same stream."""
    links: set[str] = set()
    for member, content in members(chunks):
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts:
            raise Permanent(f"the stream holds a path outside the home: {member.name}")
        if any(str(parent) in links for parent in name.parents):
            raise Permanent(f"the stream would write through a link to outside the home: {member.name}")
        if "\n" in member.name:
            raise Permanent(f"a name with a line break cannot be written: {member.name!r}")
        if not (member.isfile() or member.isdir() or member.issym()) or str(name) == ".":
            continue
        if member.issym():
            links.add(str(name))
        if (member.uid, member.gid) == (0, 0):
            member.uid, member.gid = owner
        # Ids count, names of another machine's users do not.
        member.uname = member.gname = ""
        yield member, content()


def _put(engine: Engine, container: str, path: str, stream: Iterator[bytes]) -> None:
    failed: list[Exception] = []

    def guarded() -> Iterator[bytes]:
        try:
            yield from stream
        except Exception as error:
            # The HTTP library would wrap it, and an interrupt must stay one.
            failed.append(error)
            raise

    with engine.asked(f"write to {path} in {container}") as client:
        try:
            client.api.put_archive(container, path, guarded())
        except Exception:
            if failed:
                raise failed[0] from None
            raise
