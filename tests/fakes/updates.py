"""An update centre in memory: its plugin files hold their version and nothing else, as the plugins of :mod:`tests.fakes.jenkins`."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from bot.model import Dependency
from bot.plugins import Advisory, Catalogue, Release
from bot.ports import Stop

__all__ = ["FakeUpdateCentre", "offer"]


def offer(name: str, version: str, core: str = "2.400", *needs: Dependency) -> Release:
    """A release whose file can be had."""
    digest = hashlib.sha256(version.encode()).hexdigest()
    return Release(name, version, f"http://updates/{name}", digest, core, needs, len(version))


@dataclass
class FakeUpdateCentre:
    """Implements :class:`bot.ports.UpdateCentre`. ``failure`` is raised by whatever is asked."""

    directory: Path
    releases: tuple[Release, ...] = ()
    advisories: tuple[Advisory, ...] = ()
    newest: str = "2.516.3"
    lts: tuple[str, ...] = ("2.426.1", "2.440.1", "2.440.3", "2.479.2", "2.516.1")
    failure: Exception | None = None
    taken: list[str] = field(default_factory=list)
    """Names of the files that were asked for."""

    def catalogue(self, core: str, versions_of: Collection[str] = ()) -> Catalogue:
        self._fail()
        offered = {release.name: release for release in self.releases}
        return Catalogue(self.newest, offered, self.advisories, origin="the test's update centre")

    def newest_lts(self) -> Catalogue:
        return self.catalogue(self.newest)

    def lts_releases(self) -> tuple[str, ...]:
        self._fail()
        return self.lts

    def file(self, release: Release, stop: Stop) -> Path:
        self._fail()
        stop.check()
        self.taken.append(release.name)
        path = self.directory / f"{release.name}-{release.version}.hpi"
        path.write_text(release.version)
        return path

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure
