"""How Jenkins orders versions of core, plugins and remoting: the semantics of ``hudson.util.VersionNumber``.

Source of facts: jenkinsci/lib-version-number. A version is a list of numbers and words, split at dots, at dashes and where
digits meet letters. ``1.2-3`` opens a sub-list after the dash, trailing zeros count for nothing, known words such as ``rc``
come before the release and unknown ones (the hashes of newer schemes) after it, and ``*`` is above every number.
Two differences, both towards a consistent order: a number and ``*`` compare the same way round from both sides, and
snapshots of the same version are equal whatever their timestamps.
"""

from __future__ import annotations

import re
from functools import cache, total_ordering
from typing import Final, TypeAlias

__all__ = ["VersionNumber", "older"]

_ANY: Final = "*"
_SNAPSHOT = re.compile(r"(-\d{8}\.\d{6}-\d+|-SNAPSHOT)( \(.*\))?$")
_PART = re.compile(r"\d+|[.-]|\*|\s+|[^\d.*\s-]+")
_WORDS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_RELEASE = (_WORDS.index(""), "")
_ALIASES = {"ga": "", "final": "", "cr": "rc", "ea": "rc"}
_LETTERS = {"a": "alpha", "b": "beta", "m": "milestone"}
"""What a single letter means when a digit follows it: ``2.0-b1``."""


class _Word(str):
    """A qualifier, as distinct from the wildcard."""

    __slots__ = ()

    @property
    def rank(self) -> tuple[int, str]:
        return (_WORDS.index(self), "") if self in _WORDS else (len(_WORDS), self)


class _Wildcard:
    __slots__ = ()


_WILDCARD = _Wildcard()
_Item: TypeAlias = "int | _Word | _Wildcard | list[_Item]"


@total_ordering
class VersionNumber:
    """Comparable; equal when Jenkins takes the two for the same, so ``2.0`` equals ``2``."""

    __slots__ = ("_items", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._items = _parse(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VersionNumber) and _compare(self._items, other._items) == 0

    def __lt__(self, other: VersionNumber) -> bool:
        return _compare(self._items, other._items) < 0

    def __hash__(self) -> int:
        return hash(str(self._items))

    def __repr__(self) -> str:
        return f"VersionNumber({self.text!r})"


@cache
def _number(text: str) -> VersionNumber:
    return VersionNumber(text)


def older(version: str, than: str) -> bool:
    """Whether the first version comes before the second."""
    return _number(version) < _number(than)


def _parse(text: str) -> list[_Item]:
    text = _SNAPSHOT.sub("-SNAPSHOT", text.strip()).lower()
    items: list[_Item] = []
    lists = [items]
    parts = _PART.findall(text)
    previous = "."
    for index, part in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else ""
        if part in ".-":
            if previous in ".-":
                lists[-1].append(0)
            if part == "-" and previous.isdigit():
                _drop_zeros(lists[-1])
                if following.isdigit():
                    nested: list[_Item] = []
                    lists[-1].append(nested)
                    lists.append(nested)
        elif part == _ANY:
            lists[-1].append(_WILDCARD)
        elif part.isdigit():
            lists[-1].append(int(part))
        elif not part.isspace():
            word = _LETTERS.get(part, part) if following.isdigit() else part
            lists[-1].append(_Word(_ALIASES.get(word, word)))
        previous = part
    for each in reversed(lists):
        _drop_zeros(each)
    return items


def _drop_zeros(items: list[_Item]) -> None:
    """Trailing zeros, empty words and empty lists say nothing."""
    while items and _is_nothing(items[-1]):
        items.pop()


def _is_nothing(item: _Item) -> bool:
    return not isinstance(item, _Wildcard) and not item


def _compare(left: _Item | None, right: _Item | None) -> int:
    """Negative, 0 or positive; None stands for an item that the shorter version does not have."""
    if left is None and right is None:
        return 0
    if left is None or right is None:
        return -_against_nothing(right) if left is None else _against_nothing(left)
    if isinstance(left, int) and isinstance(right, int):
        return (left > right) - (left < right)
    if isinstance(left, _Word) and isinstance(right, _Word):
        return (left.rank > right.rank) - (left.rank < right.rank)
    if isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            result = _compare(
                left[index] if index < len(left) else None, right[index] if index < len(right) else None
            )
            if result:
                return result
        return 0
    return _kind(left) - _kind(right)


def _against_nothing(item: _Item | None) -> int:
    if isinstance(item, int):
        return 1 if item else 0
    if isinstance(item, _Word):
        return (item.rank > _RELEASE) - (item.rank < _RELEASE)
    if isinstance(item, list):
        return _against_nothing(item[0]) if item else 0
    return 1


def _kind(item: _Item) -> int:
    """Words come before sub-lists, those before numbers, those before the wildcard."""
    if isinstance(item, _Word):
        return 0
    if isinstance(item, list):
        return 1
    return 2 if isinstance(item, int) else 3
