"""Jenkins core versions, and the Java and remoting versions that they need."""

from __future__ import annotations

import re

from bot.errors import Refused

__all__ = ["hops", "java_feature", "java_for", "parse_version", "remoting_minimum"]

_VERSION = re.compile(r"^\d{1,3}\.\d{1,4}(\.\d{1,3})?$")

# First core version → Java feature versions it runs on (jenkins.io, "Java support policy").
_JAVA: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((2, 555, 1), (21, 25)),
    ((2, 541, 1), (17, 21, 25)),
    ((2, 479, 1), (17, 21)),
    ((2, 426), (11, 17, 21)),
    ((2, 361, 1), (11, 17)),
    ((2, 346), (8, 11, 17)),
    ((2, 0), (8, 11)),
)

# First core version → least remoting version (remoting.minimum.supported.version in its pom.xml; refused since 2.346.1).
_REMOTING: tuple[tuple[tuple[int, ...], str], ...] = (
    ((2, 555, 1), "3176.v207ec082a_8c0"),
    ((2, 479, 1), "3107.v665000b_51092"),
    ((2, 426, 1), "4.13"),
    ((2, 387, 1), "4.7"),
    ((2, 361, 1), "4.2.1"),
    ((2, 346, 1), "3.14"),
)

# The last releases before a Java version was given up; nearest to every target first.
_STOPS = ("2.541.3", "2.462.3")


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


def remoting_minimum(version: str) -> str:
    """The oldest remoting version whose agents this core lets in; 0 for cores that let every one in."""
    parsed = parse_version(version)
    return next((minimum for first, minimum in _REMOTING if parsed >= first), "0")


def java_feature(text: str) -> int | None:
    """``17.0.15`` → 17, ``1.8.0_392`` → 8; None when it is no Java version."""
    found = re.match(r"(?:1\.)?(\d+)", text)
    return int(found[1]) if found else None


def hops(source: str, target: str) -> tuple[str, ...]:
    """The releases to go through, the target last: more than one when no Java runs agents of both, so that they can change Java on the way."""
    if set(java_for(source)) & set(java_for(target)):
        return (target,)
    for stop in _STOPS:
        between = set(java_for(stop))
        if (
            parse_version(source) < parse_version(stop) < parse_version(target)
            and between & set(java_for(source))
            and between & set(java_for(target))
        ):
            return (stop, target)
    return (target,)
