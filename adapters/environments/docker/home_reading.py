"""Reads the home of a running container as a tar stream, by ``tar`` inside it, in constant memory.

Files are read in groups; what changed while its group was read is read again.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from adapters.environments.docker.engine import Engine
from adapters.environments.docker.execution import Execution
from adapters.environments.docker.home_listing import (
    LAST_LINE,
    LIST,
    READ,
    TREES,
    UNREADABLE,
    Facts,
    inner,
    parse,
    unchanged,
)
from bot.errors import Permanent, Temporary
from bot.ports import Selection
from bot.tar_stream import members, written

__all__ = ["read_home"]

ATTEMPTS = 3
GROUP_PATHS = 400
GROUP_ARGUMENTS = 60_000
"""Characters; a program's arguments have a limit."""
GROUP_BYTES = 32 << 20
LARGE_BYTES = 64 << 20
"""A file above this is passed on while it is read, so a change of it can be reported but not be mended."""
ROOTS = 200
"""Roots that are read with one program."""
DIRECTORIES = 100
"""Directories that are listed with one program."""
CHUNK = 1 << 20

Member = tuple[tarfile.TarInfo, Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class _Home:
    engine: Engine
    container: str
    path: str
    skipped: Callable[[str, str], None]


def read_home(
    engine: Engine, container: str, path: str, selection: Selection, skipped: Callable[[str, str], None]
) -> Iterator[bytes]:
    """See :meth:`bot.ports.Environment.read_home`; ``path`` is where the home is in the container."""
    home = _Home(engine, container, path, skipped)
    return written(_selected(home, selection))


def _selected(home: _Home, selection: Selection) -> Iterator[Member]:
    roots = sorted({root for root in selection.roots if root})
    sources = [_small(home, roots[at : at + ROOTS], selection) for at in range(0, len(roots), ROOTS)]
    if "" in selection.roots:
        sources.append(_walk(home, selection))
    for source in sources:
        late: list[tuple[tarfile.TarInfo, bytes]] = []
        for member, content in source:
            if member.name.rsplit("/", 1)[-1] in selection.last:
                late.append((member, b"".join(content)))
            else:
                yield member, content
        for member, whole in late:
            yield member, iter([whole])


def _small(home: _Home, roots: Sequence[str], selection: Selection) -> Iterator[Member]:
    """Roots with all below them that is selected; the directories that lead to them come first."""
    left_out: set[str] = set()
    kept: list[Facts] = []
    for facts in _listed(home, TREES, roots):
        if left_out.intersection(_above(facts.path)) or not (
            facts.path in roots or selection.keep(facts.path, facts.is_directory)
        ):
            left_out.add(facts.path)
        else:
            kept.append(facts)
    parents = sorted({parent for root in roots for parent in _above(root)})
    yield from _read_all(home, [*(Facts.of_directory(path) for path in parents), *kept])


def _above(path: str) -> list[str]:
    """``a/b/c`` → ``a``, ``a/b``."""
    steps = path.split("/")
    return ["/".join(steps[:depth]) for depth in range(1, len(steps))]


def _walk(home: _Home, selection: Selection) -> Iterator[Member]:
    """The whole home, directories before what is in them."""
    waiting = [""]
    while waiting:
        some, waiting = waiting[-DIRECTORIES:], waiting[:-DIRECTORIES]
        listed = _listed(home, LIST, some)
        kept = [facts for facts in listed if selection.keep(facts.path, facts.is_directory)]
        waiting += [facts.path for facts in kept if facts.is_directory]
        yield from _read_all(home, kept)


def _listed(home: _Home, script: str, paths: Sequence[str]) -> list[Facts]:
    execution = Execution(home.engine, home.container, _command(script, home.path, *inner(paths)))
    lines = execution.run().decode("utf-8", "surrogateescape").split("\n")
    _require_home(home, execution)
    if lines[-2:] != [LAST_LINE, ""]:
        raise Temporary(f"a listing of {home.path} in {home.container} was cut short")
    found = parse(lines)
    for facts in found:
        if facts.kind == UNREADABLE:
            home.skipped(facts.path, "a directory that the container's root may not look into")
    # Sockets and devices have no place in a home.
    return sorted(
        (facts for facts in found if facts.is_directory or facts.is_file or facts.is_link),
        key=lambda facts: facts.path,
    )


def _read_all(home: _Home, found: Sequence[Facts]) -> Iterator[Member]:
    for group in _groups(found):
        if len(group) == 1 and group[0].is_file and group[0].size > LARGE_BYTES:
            yield from _large(home, group[0])
        else:
            yield from _group(home, [facts.path for facts in group])


def _groups(found: Sequence[Facts]) -> Iterator[list[Facts]]:
    group: list[Facts] = []
    for facts in found:
        if facts.is_file and facts.size > LARGE_BYTES:
            yield [facts]
            continue
        group.append(facts)
        if (
            len(group) >= GROUP_PATHS
            or sum(len(one.path) for one in group) > GROUP_ARGUMENTS
            or sum(one.size for one in group if one.is_file) > GROUP_BYTES
        ):
            yield group
            group = []
    if group:
        yield group


def _group(home: _Home, paths: Sequence[str]) -> Iterator[Member]:
    """Members of one ``tar``, held back until it is known that they did not change meanwhile."""
    for _ in range(ATTEMPTS):
        with tempfile.SpooledTemporaryFile(LARGE_BYTES) as spool:
            execution = Execution(home.engine, home.container, _read(home, paths))
            for chunk in execution.output():
                spool.write(chunk)
            before, after = _facts(home, execution)
            good = {path for path, facts in before.items() if _as_it_was(facts, after.get(path))}
            spool.seek(0)
            # Read to its end before the spool changes.
            for member, content in members(iter(lambda: spool.read(CHUNK), b""), broken=Temporary):
                member.name = member.name.removeprefix("./")
                if member.name in good:
                    good.discard(member.name)
                    del before[member.name]
                    yield member, content()
        # What changed meanwhile, and what was there but is not in the stream because it could not be read.
        paths = sorted(before)
        if not paths:
            return
    for path in paths:
        home.skipped(path, "changed, or could not be read, while it was read")


def _as_it_was(before: Facts, after: Facts | None) -> bool:
    # A directory changes whenever something is made in it; what is in it counts by itself.
    return after is not None if before.is_directory else unchanged(before, after)


def _large(home: _Home, facts: Facts) -> Iterator[Member]:
    execution = Execution(home.engine, home.container, _read(home, [facts.path]))
    for member, content in members(execution.output(), broken=Temporary):
        member.name = member.name.removeprefix("./")
        yield member, content()
    before, after = _facts(home, execution)
    if facts.path not in before or not unchanged(before[facts.path], after.get(facts.path)):
        home.skipped(facts.path, "changed while it was read, and is too large to be read again")


def _read(home: _Home, paths: Sequence[str]) -> list[str]:
    return _command(READ, home.path, *inner(paths))


def _command(script: str, *arguments: str) -> list[str]:
    return ["sh", "-c", script, "sh", *arguments]


def _facts(home: _Home, execution: Execution) -> tuple[dict[str, Facts], dict[str, Facts]]:
    _require_home(home, execution)
    parts = execution.errors.decode("utf-8", "surrogateescape").split("\n=\n")
    if len(parts) < 2:
        raise Temporary(f"a read of {home.path} in {home.container} was cut short")
    before, after = (
        {facts.path: facts for facts in parse(part.removeprefix("=\n").split("\n"))} for part in parts[:2]
    )
    return before, after


def _require_home(home: _Home, execution: Execution) -> None:
    if execution.exit_code == 3:
        raise Permanent(
            f"the container {home.container} has no home at {home.path}, or its root may not look into it"
        )
