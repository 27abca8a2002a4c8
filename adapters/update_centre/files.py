"""An update centre in a directory, for machines without a way out."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection
from pathlib import Path

from adapters.update_centre.signature import SignatureCheck
from bot.errors import Permanent
from bot.plugins.records import Catalogue, Release
from bot.plugins.update_center_format import parse_plugin_versions, parse_update_center
from bot.ports import Stop

__all__ = ["DirectoryUpdateCentre", "check_digest", "digest_of", "read_catalogue"]

CHUNK = 1024 * 1024


class DirectoryUpdateCentre:
    """Implements :class:`bot.ports.UpdateCentre`. Layout: see :class:`bot.settings.updates.UpdatesConfig`."""

    def __init__(self, directory: Path, signature: SignatureCheck | None = None) -> None:
        """``signature``: None takes data that nobody signed."""
        self._directory = directory
        self._signature = signature

    def catalogue(
        self,
        core: str,  # noqa: ARG002  a directory holds one set of releases, and those say themselves which core they need
        versions_of: Collection[str] = (),
    ) -> Catalogue:
        found = self._catalogue()
        versions = self._directory / "plugin-versions.json"
        if not versions_of or not versions.exists():
            return found
        history = parse_plugin_versions(_text(versions, self._signature), str(versions))
        return dataclasses.replace(
            found, history={name: history[name] for name in versions_of if name in history}
        )

    def newest_lts(self) -> Catalogue:
        return self._catalogue()

    def lts_releases(self) -> tuple[str, ...]:
        return (self._catalogue().core,)

    def file(self, release: Release, stop: Stop) -> Path:
        places = (
            self._directory / "plugins" / release.name / release.version / f"{release.name}.hpi",
            self._directory / f"{release.name}.hpi",
        )
        for place in places:
            if place.is_file():
                check_digest(place, release, stop)
                return place
        raise Permanent(
            f"{release.name} {release.version} is not in {self._directory}: put its file at {places[0]}."
        )

    def _catalogue(self) -> Catalogue:
        for name in ("update-center.actual.json", "update-center.json"):
            if (self._directory / name).exists():
                return read_catalogue(self._directory / name, self._signature)
        raise Permanent(
            f"{self._directory} has no update-center.actual.json: save "
            "https://updates.jenkins.io/update-center.actual.json?version=<core> there."
        )


def read_catalogue(file: Path, signature: SignatureCheck | None = None) -> Catalogue:
    """From a saved file; its age is the file's.

    :raises Permanent: when it cannot be read, is none, or is not signed as it must be.
    """
    text = _text(file, signature)
    return parse_update_center(text, str(file), file.stat().st_mtime)


def check_digest(file: Path, release: Release, stop: Stop) -> None:
    """:raises Permanent: when the file is not the one that the release names."""
    if not release.sha256:
        raise Permanent(f"the update centre names no SHA-256 for {release.name} {release.version}.")
    found = digest_of(file, stop)
    if found != release.sha256:
        raise Permanent(
            f"the file of {release.name} {release.version} has the SHA-256 {found}, but the update centre "
            f"names {release.sha256}: it is damaged or was changed, and is not used."
        )


def digest_of(file: Path, stop: Stop) -> str:
    """SHA-256 of the file, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            stop.check()
            digest.update(chunk)
    return digest.hexdigest()


def _text(file: Path, signature: SignatureCheck | None) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Permanent(f"cannot read {file}: {error}") from error
    if signature is not None:
        signature.check(text, str(file))
    return text
