"""Jenkins core versions and the Java that they need."""

from __future__ import annotations

import re

from bot.errors import Refused

__all__ = ["java_for", "parse_version"]

_VERSION = re.compile(r"^\d{1,3}\.\d{1,4}(\.\d{1,3})?$")

# First core version → Java feature versions it runs on (jenkins.io, "Java support policy").
_JAVA: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((2, 555, 1), (21, 25)),
    ((2, 541, 1), (17, 21, 25)),
    ((2, 479, 1), (17, 21)),
    ((2, 426), (11, 17, 21)),
    ((2, 361, 1), (11, 17)),
    ((2, 0), (8, 11)),
)


def parse_version(text: str) -> tuple[int, ...]:
    """``2.426.2`` → ``(2, 426, 2)``, comparable.

    :raises Refused: when it is not a Jenkins version.
    """
    if not _VERSION.match(text):
        raise Refused(f"{text!r} is not a Jenkins version: write it like 2.516.3 (LTS) or 2.520 (weekly)")
    return tuple(int(part) for part in text.split("."))


def java_for(version: str) -> tuple[int, ...]:
    """Java feature versions that this core runs on."""
    parsed = parse_version(version)
    return next(java for first, java in _JAVA if parsed >= first)
