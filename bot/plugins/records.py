"""What an update centre offers, as typed records. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.model import Dependency
from bot.plugins.version_number import older

__all__ = ["Advisory", "Catalogue", "Release"]


@dataclass(frozen=True, slots=True)
class Release:
    """One released version of a plugin."""

    name: str
    version: str
    url: str
    sha256: str
    """Of the file, in hexadecimal; empty where the update centre gives none, and then the file is never taken."""
    required_core: str
    dependencies: tuple[Dependency, ...] = ()
    size: int | None = None
    """Of the file in bytes, where known."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """A published security warning."""

    id: str
    """``SECURITY-1234`` or the like; unique."""
    kind: Literal["core", "plugin"]
    name: str
    """The plugin, or ``core``."""
    message: str
    url: str
    patterns: tuple[str, ...] = ()
    """Regular expressions, each for a whole version; none: every version is affected."""

    def affects(self, version: str) -> bool:
        return not self.patterns or any(_matches(pattern, version) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What an update centre offers to one core version."""

    core: str
    """The newest core release it knows of."""
    releases: Mapping[str, Release]
    """Plugin name → the one version offered."""
    advisories: tuple[Advisory, ...] = ()
    deprecations: Mapping[str, str] = field(default_factory=dict)
    """Plugin name → where to read why."""
    origin: str = ""
    """Where it came from, for people."""
    fetched_at: float = 0.0
    """When it was fetched, in epoch seconds."""
    stale: str | None = None
    """Why an older copy than wanted is used; None: it is as fresh as configured."""
    history: Mapping[str, tuple[Release, ...]] = field(default_factory=dict)
    """Other versions of plugins, where they were asked for."""

    def candidates(self, name: str) -> tuple[Release, ...]:
        """Every known version of the plugin."""
        offered = self.releases.get(name)
        return (*((offered,) if offered else ()), *self.history.get(name, ()))

    def usable(self, name: str, core: str) -> tuple[Release, ...]:
        """Those that run on the core and whose file can be checked."""
        return tuple(
            release
            for release in self.candidates(name)
            if release.sha256 and not (release.required_core and older(core, release.required_core))
        )


def _matches(pattern: str, version: str) -> bool:
    try:
        return re.fullmatch(pattern, version) is not None
    except re.error:
        return True  # as Jenkins does: a warning that cannot be read is shown rather than hidden
