"""Homes as tar streams, read and edited in constant memory."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from bot.errors import Permanent, Temporary
from bot.home_rules import BUILD, GUARD_FILE, in_clone

__all__ = [
    "END",
    "ChunkReader",
    "clone_stream",
    "members",
    "plain_files",
    "unfinished_builds",
    "without_unfinished",
    "written",
]

CHUNK = 1 << 20
END = b"\0" * (2 * tarfile.BLOCKSIZE)
_CLOUDS = re.compile(rb"<clouds\b[^>]*(?<!/)>.*</clouds>", re.DOTALL)
_EXECUTORS = re.compile(rb"<numExecutors>[^<]*</numExecutors>")
_AGENT_PORT = re.compile(rb"<slaveAgentPort>[^<]*</slaveAgentPort>")
_GUARD_DIRECTORY = GUARD_FILE.rpartition("/")[0]
WIZARD_STATE = "jenkins.install.UpgradeWizard.state"


class ChunkReader(io.RawIOBase):
    """A readable file over chunks of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""
        self.tail = b""
        """The last bytes that came, as many as the end mark of a tar stream has."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io.RawIOBase hands a writable buffer
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return 0
            self.tail = (self.tail + self._rest[-len(END) :])[-len(END) :]
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def members(
    chunks: Iterable[bytes], *, broken: type[Permanent | Temporary] = Permanent
) -> Iterator[tuple[tarfile.TarInfo, Callable[[], Iterator[bytes]]]]:
    """Each member with a function that yields its content; the content is gone once the next member is asked for.

    ``broken`` is raised when the bytes are not a tar stream, or end in the middle of one: temporary where they can be asked for again.
    """
    source = ChunkReader(chunks)
    reader = io.BufferedReader(source, CHUNK)
    try:
        with tarfile.open(fileobj=reader, mode="r|") as tar:
            for member in tar:
                # All of them are attributes by now, and would win over what these are changed to.
                member.pax_headers = {}
                yield member, partial(_content, tar, member, broken)
    except (tarfile.TarError, EOFError) as error:
        raise broken(f"this is not a whole tar stream: {error}") from error
    while reader.read(CHUNK):
        pass
    # The library takes a stream that just ends between two members for a whole one.
    if source.tail != END:
        raise broken("this is not a whole tar stream: it was cut short")


def _content(
    tar: tarfile.TarFile, member: tarfile.TarInfo, broken: type[Permanent | Temporary]
) -> Iterator[bytes]:
    source = tar.extractfile(member) if member.isfile() else None
    try:
        while source is not None and (chunk := source.read(CHUNK)):
            yield chunk
    except tarfile.TarError as error:
        raise broken(f"this is not a whole tar stream: {error}") from error


def unfinished_builds(chunks: Iterable[bytes]) -> frozenset[str]:
    """Directories of builds without a result: ``jobs/app/builds/12``.

    A running freestyle build has no build.xml yet; a running Pipeline's has no ``<result>``, or says that it is not completed.
    """
    seen: set[str] = set()
    finished: set[str] = set()
    for member, content in members(chunks):
        match = BUILD.match(_name(member))
        if match is None:
            continue
        seen.add(match["directory"])
        if match["within"] == "build.xml" and _says_finished(b"".join(content())):
            finished.add(match["directory"])
    return frozenset(seen - finished)


def without_unfinished(chunks: Iterable[bytes], unfinished: set[str]) -> Iterator[bytes]:
    """The same stream without each ``build.xml`` that tells of a build under way: nothing loads, let alone resumes, a build without one.

    The directories of those builds get into ``unfinished``.
    """

    def edited() -> Iterator[tuple[tarfile.TarInfo, Iterator[bytes]]]:
        for member, content in members(chunks):
            match = BUILD.match(_name(member))
            if match is None or match["within"] != "build.xml":
                yield member, content()
                continue
            text = b"".join(content())
            if _says_finished(text):
                yield member, iter([text])
            else:
                unfinished.add(match["directory"])

    return written(edited())


def _says_finished(build_xml: bytes) -> bool:
    return b"<result>" in build_xml and b"<completed>false</completed>" not in build_xml


def clone_stream(chunks: Iterable[bytes], unfinished: frozenset[str], guard: str) -> Iterator[bytes]:
    """From a backup's stream to green's home: fenced, without unfinished builds, queue, nodes and clouds."""

    def edited() -> Iterator[tuple[tarfile.TarInfo, Iterator[bytes]]]:
        seen: set[str] = set()
        version = b""
        for member, content in members(chunks):
            name = _name(member)
            match = BUILD.match(name)
            if not in_clone(name) or (match and match["directory"] in unfinished):
                continue
            if name in (WIZARD_STATE, _GUARD_DIRECTORY):
                seen.add(name)
            if name == "config.xml":
                text = b"".join(content())
                version = next(iter(re.findall(rb"<version>([^<]*)</version>", text)), b"")
                text = _fenced(text)
                member.size = len(text)
                yield member, iter([text])
            else:
                yield member, content()
        if _GUARD_DIRECTORY not in seen:
            # Named, so that it gets the home's owner: Jenkins has to be able to remove the guard from it.
            yield _directory(_GUARD_DIRECTORY), iter(())
        yield _file(GUARD_FILE, guard.encode())
        if WIZARD_STATE not in seen:
            # Without it Jenkins believes that this is a new installation and asks to be set up.
            yield _file(WIZARD_STATE, version)

    return written(edited())


def plain_files(files: Iterable[tuple[str, int, Iterator[bytes]]], modified: float) -> Iterator[bytes]:
    """A stream of (path, size in bytes, content); ``modified`` in epoch seconds."""

    def entries() -> Iterator[tuple[tarfile.TarInfo, Iterator[bytes]]]:
        for name, size, content in files:
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = size, 0o644, modified
            yield member, content

    return written(entries())


def _fenced(config: bytes) -> bytes:
    """No executors, no clouds, no agent port; everything else byte for byte (Jenkins writes XML 1.1, which parsers refuse)."""
    config = _CLOUDS.sub(b"<clouds/>", config)
    config = _EXECUTORS.sub(b"<numExecutors>0</numExecutors>", config)
    return _AGENT_PORT.sub(b"<slaveAgentPort>-1</slaveAgentPort>", config)


def _directory(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def _file(name: str, content: bytes) -> tuple[tarfile.TarInfo, Iterator[bytes]]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o644
    return member, iter([content])


def written(entries: Iterable[tuple[tarfile.TarInfo, Iterator[bytes]]]) -> Iterator[bytes]:
    """Members with their content as an uncompressed tar stream; each content must be as long as its member says."""
    for member, content in entries:
        yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        written = 0
        for chunk in content:
            written += len(chunk)
            yield chunk
        yield b"\0" * (-written % tarfile.BLOCKSIZE)
    yield END


def _name(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./")
