"""How instances are started: the stand-in, or a real Jenkins from two wars."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.jenkins.war import make_war, read_version

__all__ = ["REAL", "STAND_IN", "STAND_IN_VERSIONS", "Launch", "UnusableWar", "place_wars", "war_path"]

STAND_IN_VERSIONS = ("2.426.2", "2.440.1")
_LISTEN = ("--httpPort={port}", "--httpListenAddress=127.0.0.1")


class UnusableWar(Exception):
    """A war that was given cannot be used."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A command template as the bot's configuration knows it (``environment.command``)."""

    command: tuple[str, ...]
    java: str
    jvm_options: tuple[str, ...]
    boot_seconds: float
    """How long a start may take."""

    def arguments(self, war: Path, port: int) -> list[str]:
        filled: list[str] = []
        for part in self.command:
            filled += (
                self.jvm_options
                if part == "{jvm_options}"
                else [part.format(java=self.java, war=war, port=port)]
            )
        return filled


STAND_IN = Launch(
    command=(sys.executable, "-m", "rehearsal.jenkins", "{jvm_options}", "-jar", "{war}", *_LISTEN),
    java="java",
    jvm_options=(),
    boot_seconds=180,
)
REAL = Launch(
    command=("{java}", "{jvm_options}", "-jar", "{war}", *_LISTEN),
    java="java",
    jvm_options=(
        "-Djenkins.install.runSetupWizard=false",
        "-Djava.awt.headless=true",
        "-Xmx512m",
        "-XX:+UseSerialGC",
    ),
    boot_seconds=240,
)


def war_path(directory: Path, version: str) -> Path:
    """``version`` may be the placeholder ``{version}``."""
    return directory / version / "jenkins.war"


def place_wars(directory: Path, given: Sequence[Path]) -> tuple[str, str]:
    """Put the two wars where :func:`war_path` finds them; made up ones for the stand-in when none are given.

    Returns the release to start from and the one to upgrade to.

    :raises UnusableWar: when a given one is no Jenkins, or both are the same release.
    """
    if not given:
        for version in STAND_IN_VERSIONS:
            make_war(war_path(directory, version), version)
        return STAND_IN_VERSIONS
    try:
        first, second = (read_version(path) for path in given)
    except (OSError, ValueError) as error:
        raise UnusableWar(str(error)) from error
    if first == second:
        raise UnusableWar(f"both wars are {first}: an upgrade needs two releases")
    for path, version in zip(given, (first, second), strict=True):
        target = war_path(directory, version)
        target.parent.mkdir(parents=True)
        target.symlink_to(path.absolute())
    return first, second
