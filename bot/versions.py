"""Jenkins core versions, and the Java and remoting versions that they need."""

from __future__ import annotations

import re

from bot.errors import Refused

__all__ = [
    "OLDEST_SOURCE",
    "hops",
    "is_release",
    "java_feature",
    "java_for",
    "parse_version",
    "remoting_minimum",
    "why_not_from",
]

OLDEST_SOURCE = "2.346"
"""The oldest release that can be upgraded from: the scripts that run on a controller need it."""

_VERSION = re.compile(r"^\d{1,3}\.\d{1,4}(\.\d{1,3})?$")

# First core version → Java feature versions it runs on (war/src/main/java/executable/Main.java; before 2.357 jenkins.io, "Java
# support policy"). A weekly changes first: the LTS lines in between were cut from older ones, so that both compare by number.
_JAVA: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((2, 545), (21, 25)),
    ((2, 534), (17, 21, 25)),
    ((2, 463), (17, 21)),
    ((2, 419), (11, 17, 21)),
    ((2, 357), (11, 17)),
    ((2, 346, 1), (8, 11, 17)),
    ((2, 0), (8, 11)),
)

# First core version → least remoting version (remoting.minimum.supported.version in its pom.xml; refused since 2.346.1).
_REMOTING: tuple[tuple[tuple[int, ...], str], ...] = (
    ((2, 545), "3176.v207ec082a_8c0"),
    ((2, 467), "3107.v665000b_51092"),
    ((2, 425), "4.13"),
    ((2, 378), "4.7"),
    ((2, 357), "4.2.1"),
    ((2, 346, 1), "3.14"),
)

# The last releases before a Java version was given up; nearest to every target first.
_STOPS = ("2.541.3", "2.462.3")


def is_release(text: str) -> bool:
    """Whether it is the version of a Jenkins release; what somebody built or changed has another form."""
    return _VERSION.match(text) is not None


def parse_version(text: str) -> tuple[int, ...]:
    """``2.426.2`` → ``(2, 426, 2)``, comparable.

    :raises Refused: when it is not a Jenkins version.
    """
    if not is_release(text):
        raise Refused(f"{text!r} is not a Jenkins version: write it like 2.516.3 (LTS) or 2.520 (weekly)")
    return tuple(int(part) for part in text.split("."))


def why_not_from(running: str, target: str) -> str | None:
    """Why what runs cannot be upgraded to the target, as the end of a sentence that names it; None when nothing is against it."""
    if not is_release(running):
        return "is no release of Jenkins: bring it to one (like 2.516.3 or 2.520) first."
    if parse_version(running) < parse_version(OLDEST_SOURCE):
        return f"is older than {OLDEST_SOURCE}, the oldest that this bot can ask: upgrade it by hand first."
    if parse_version(target) <= parse_version(running):
        return f"is not older than {target}: name a newer version."
    return None


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
