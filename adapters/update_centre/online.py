"""An update centre over HTTP, with copies kept on disk: data for some hours, plugin files until they were unused for a month."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from adapters.update_centre.files import check_digest, digest_of, read_catalogue
from adapters.update_centre.http import Download
from adapters.update_centre.signature import SignatureCheck
from bot.errors import BotError, Permanent
from bot.plugins.records import Catalogue, Release
from bot.plugins.update_center_format import parse_plugin_versions, parse_tiers, parse_update_center
from bot.ports import Clock, Stop
from bot.settings.updates import UpdatesConfig
from bot.stop_token import StopToken

__all__ = ["OnlineUpdateCentre"]

T = TypeVar("T")

OFFICIAL_DOWNLOADS = "https://updates.jenkins.io/download/"
UNUSED_SECONDS = 30 * 86400
DATA_LIMIT_BYTES = 256 * 1024**2
"""The largest file (every version of every plugin) had about 40 MB in 2025."""
FILE_LIMIT_BYTES = 1024**3


class OnlineUpdateCentre:
    """Implements :class:`bot.ports.UpdateCentre`."""

    def __init__(
        self, settings: UpdatesConfig, cache: Path, clock: Clock, signature: SignatureCheck | None = None
    ) -> None:
        """``signature``: None takes data that nobody signed."""
        self._settings = settings
        self._signature = signature
        self._base = str(settings.base).rstrip("/")
        self._cache = cache
        self._clock = clock
        self._download = Download(settings.timeout_seconds)

    def catalogue(self, core: str, versions_of: Collection[str] = ()) -> Catalogue:
        found = self._saved() or self._offered(f"{self._base}/update-center.actual.json?version={core}")
        if not versions_of:
            return found
        url = f"{self._base}/current/plugin-versions.json"
        history = self._data(url, lambda text, _at, _stale: parse_plugin_versions(text, url))
        return dataclasses.replace(
            found, history={name: history[name] for name in versions_of if name in history}
        )

    def newest_lts(self) -> Catalogue:
        return self._saved() or self._offered(f"{self._base}/stable/update-center.actual.json")

    def lts_releases(self) -> tuple[str, ...]:
        saved = self._saved()
        if saved is not None:
            return (saved.core,)
        url = f"{self._base}/tiers.json"
        # Nobody signs it, and nothing rests on it: what people choose from it has to be had and to be found good.
        return self._data(url, lambda text, _at, _stale: parse_tiers(text, url), signed=False)

    def file(self, release: Release, stop: Stop) -> Path:
        if not release.sha256:
            raise Permanent(f"the update centre names no SHA-256 for {release.name} {release.version}.")
        directory = self._cache / "files"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._forget_unused(directory)
        kept = directory / f"{release.sha256}.hpi"
        # The bytes are looked at each time: a kept file can be damaged, too.
        if not kept.exists() or digest_of(kept, stop) != release.sha256:
            self._fetch(release, kept, stop)
        now = self._clock.now()
        os.utime(kept, (now, now))
        return kept

    def _fetch(self, release: Release, kept: Path, stop: Stop) -> None:
        part = kept.with_suffix(".part")
        resumed = part.exists()
        self._download.to_file(self._file_url(release), part, FILE_LIMIT_BYTES, stop)
        try:
            check_digest(part, release, stop)
        except Permanent:
            part.unlink()
            if not resumed:
                raise
            # What was there before may have been of another file: once more from the start.
            self._fetch(release, kept, stop)
            return
        part.replace(kept)

    def _file_url(self, release: Release) -> str:
        base = self._settings.download_base
        if base is not None and release.url.startswith(OFFICIAL_DOWNLOADS):
            return f"{str(base).rstrip('/')}/{release.url.removeprefix(OFFICIAL_DOWNLOADS)}"
        return release.url

    def _saved(self) -> Catalogue | None:
        """What is read instead of asking, where that is configured."""
        file = self._settings.metadata_file
        return None if file is None else read_catalogue(file, self._signature)

    def _offered(self, url: str) -> Catalogue:
        return self._data(url, lambda text, at, stale: parse_update_center(text, url, at, stale))

    def _data(self, url: str, read: Callable[[str, float, str | None], T], signed: bool = True) -> T:
        """``read`` takes the text, when it was fetched, and why it is older than wanted."""

        def trusted(text: str, at: float, stale: str | None) -> T:
            # Kept copies as well: they may have been fetched before signatures were asked for.
            if signed and self._signature is not None:
                self._signature.check(text, url)
            return read(text, at, stale)

        copy = self._cache / "data" / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"
        fetched_at = copy.stat().st_mtime if copy.exists() else None
        now = self._clock.now()
        if fetched_at is not None and now - fetched_at < self._settings.cache_hours * 3600:
            return trusted(copy.read_text(encoding="utf-8"), fetched_at, None)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with tempfile.TemporaryDirectory(dir=copy.parent) as directory:
                fresh = Path(directory) / "fresh"
                self._download.to_file(url, fresh, DATA_LIMIT_BYTES, StopToken(self._clock))
                found = trusted(fresh.read_text(encoding="utf-8", errors="replace"), now, None)
                os.utime(fresh, (now, now))
                fresh.replace(copy)
        except BotError as error:
            if fetched_at is None:
                raise
            return trusted(copy.read_text(encoding="utf-8"), fetched_at, str(error))
        return found

    def _forget_unused(self, directory: Path) -> None:
        for file in directory.iterdir():
            if self._clock.now() - file.stat().st_mtime > UNUSED_SECONDS:
                file.unlink(missing_ok=True)
