"""What is in a home inside a container: facts about files, asked with tools that every image of Jenkins has (sh, find, stat, tar)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = [
    "LAST_LINE",
    "LIST",
    "OWNER",
    "READ",
    "RENAME",
    "TREES",
    "UNREADABLE",
    "Facts",
    "inner",
    "parse",
    "unchanged",
]

UNREADABLE = "unreadable"
LAST_LINE = "end"
"""The last line of every listing: one that was cut short must not pass for a home with less in it."""
_STAT = "stat -c '%F|%s|%i|%y|%u|%n'"
_DENIED = f"""-type d -exec sh -c 'for d; do [ -r "$d" ] && [ -x "$d" ] || echo "{UNREADABLE}|0|0|0|0|$d"; done' sh {{}} +"""
"""Root may be denied as well: by an NFS server, or in a container without DAC_OVERRIDE."""

LIST = f"""
cd "$1" || exit 3
shift
find "$@" -maxdepth 0 {_DENIED} 2>/dev/null
find "$@" -mindepth 1 -maxdepth 1 -exec {_STAT} {{}} + 2>/dev/null
echo {LAST_LINE}
"""
"""Arguments: home, directories. One line for each entry below them, and for each of them that cannot be looked into; then the end."""

TREES = f"""
cd "$1" || exit 3
shift
find "$@" {_DENIED} 2>/dev/null
find "$@" -exec {_STAT} {{}} + 2>/dev/null
echo {LAST_LINE}
"""
"""Arguments: home, paths. One line for each of them and of all below them, and for each directory that cannot be looked into; then the end."""

READ = f"""
cd "$1" || exit 3
exec 3>&2 2>/dev/null
flags=--no-recursion
tar --help | grep -q -e --hard-dereference && flags="$flags --hard-dereference"
shift
facts() {{ find "$@" -maxdepth 0 -exec {_STAT} {{}} + >&3; echo = >&3; }}
facts "$@"
tar -c -f - $flags -- "$@"
facts "$@"
"""
"""Arguments: home, paths. A tar stream of them; on the error output their facts before and after, each ended by "="."""

OWNER = 'stat -c %u:%g "$1" && df -P -k "$1" | tail -n 1 | awk \'{print $4}\''
"""Argument: home. Its owner, and the free space in KiB."""

RENAME = """
cd "$1" || exit 3
while IFS= read -r from && IFS= read -r to; do mv -f -- "$from" "$to" || exit 4; done < "$2"
rm -f -- "$2"
"""
"""Arguments: home, a file in it with lines in pairs. Renames in that order."""


@dataclass(frozen=True, slots=True)
class Facts:
    kind: str
    """As ``stat`` says: "directory", "regular file", "regular empty file", "symbolic link"; or "unreadable"."""
    size: int
    inode: str
    modified: str
    path: str
    """Relative to the home."""

    @classmethod
    def of_directory(cls, path: str) -> Facts:
        """One that is known to be there; nothing else of it matters."""
        return cls("directory", 0, "", "", path)

    @property
    def is_directory(self) -> bool:
        return self.kind == "directory"

    @property
    def is_file(self) -> bool:
        return self.kind.startswith("regular")

    @property
    def is_link(self) -> bool:
        return self.kind == "symbolic link"


def parse(lines: Iterable[str]) -> list[Facts]:
    """Lines that are none (a name with a line break in it) are left out."""
    found = []
    for line in lines:
        parts = line.split("|", 5)
        if len(parts) == 6 and parts[1].isdigit() and (parts[5] == "." or parts[5].startswith("./")):
            found.append(Facts(parts[0], int(parts[1]), parts[2], parts[3], parts[5].removeprefix("./")))
    return found


def unchanged(before: Facts, after: Facts | None) -> bool:
    """Whether what was read in between is the file as it was at ``before``. What was appended meanwhile is no change."""
    if after is None or after.inode != before.inode or after.size < before.size:
        return False
    return after.modified == before.modified or after.size > before.size


def inner(paths: Sequence[str]) -> list[str]:
    """As arguments: none can be taken for an option."""
    return [f"./{path}" if path else "." for path in paths]
