"""Reads the files that an update centre publishes: ``update-center.json``, ``update-center.actual.json``, ``plugin-versions.json``,
``tiers.json``.

Source of facts: jenkins-infra/update-center2 (what is written) and ``hudson.model.UpdateSite`` (what Jenkins reads). Only the
fields that plans rest on are taken; unknown ones are passed over, and so is a single entry that lacks what it needs.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.errors import Permanent
from bot.model import Dependency
from bot.plugins.records import Advisory, Catalogue, Release

__all__ = ["json_object", "parse_plugin_versions", "parse_tiers", "parse_update_center"]


def parse_update_center(text: str, origin: str, fetched_at: float, stale: str | None = None) -> Catalogue:
    """``origin`` names the source in errors and plans; ``fetched_at`` is in epoch seconds.

    :raises Permanent: when it is not an update centre's data.
    """
    data = json_object(text, origin)
    releases = {release.name: release for release in _releases(data["plugins"].values())}
    core = data.get("core")
    deprecations = data.get("deprecations")
    warnings = data.get("warnings")
    return Catalogue(
        core=str(core.get("version", "")) if isinstance(core, dict) else "",
        releases=releases,
        advisories=tuple(_advisories(warnings if isinstance(warnings, list) else [])),
        deprecations={
            **{name: _deprecated_by_label(name) for name in _labelled(data["plugins"])},
            **_deprecations(deprecations if isinstance(deprecations, dict) else {}),
        },
        origin=origin,
        fetched_at=fetched_at,
        stale=stale,
    )


def parse_plugin_versions(text: str, origin: str) -> Mapping[str, tuple[Release, ...]]:
    """Every plugin's released versions.

    :raises Permanent: when it is not such a file.
    """
    data = json_object(text, origin)
    return {
        name: tuple(_releases(versions.values()))
        for name, versions in data["plugins"].items()
        if isinstance(versions, dict)
    }


def parse_tiers(text: str, origin: str) -> tuple[str, ...]:
    """The LTS releases for which there is a catalogue of its own.

    :raises Permanent: when it is not such a file.
    """
    try:
        return tuple(str(release) for release in json.loads(text)["stableCores"])
    except (ValueError, KeyError, TypeError) as error:
        raise Permanent(f"{origin} has no list of releases: is it an update centre's file?") from error


def json_object(text: str, origin: str) -> dict[str, Any]:
    """The JSON object in the text, which may be wrapped as a call (``updateCenter.post(…);``).

    :raises Permanent: when there is none, or none with plugins.
    """
    try:
        data = json.loads(text[text.index("{") : text.rindex("}") + 1])
    except ValueError as error:
        raise Permanent(f"{origin} holds no JSON object: is it an update centre's file?") from error
    if not isinstance(data, dict) or not isinstance(data.get("plugins"), dict):
        raise Permanent(f"{origin} has no list of plugins: is it an update centre's file?")
    return data


def _releases(entries: Any) -> Iterator[Release]:
    for entry in entries:
        if not isinstance(entry, dict) or not all(
            isinstance(entry.get(key), str) for key in ("name", "version", "url")
        ):
            continue
        size = entry.get("size")
        yield Release(
            name=entry["name"],
            version=entry["version"],
            url=entry["url"],
            sha256=_hexadecimal(entry.get("sha256")),
            # Some very old plugins were built with the word null here.
            required_core="" if entry.get("requiredCore") in (None, "null") else str(entry["requiredCore"]),
            dependencies=tuple(_dependencies(entry.get("dependencies"))),
            size=size if isinstance(size, int) else None,
            title=str(entry.get("title") or ""),
        )


def _dependencies(entries: Any) -> Iterator[Dependency]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            yield Dependency(entry["name"], str(entry.get("version") or "0"), bool(entry.get("optional")))


def _advisories(entries: list[Any]) -> Iterator[Advisory]:
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("type") not in ("core", "plugin"):
            continue
        ranges = entry.get("versions")
        yield Advisory(
            id=str(entry.get("id", "")),
            kind=entry["type"],
            name=str(entry.get("name", "")),
            message=str(entry.get("message", "")),
            url=str(entry.get("url", "")),
            patterns=tuple(
                str(one["pattern"])
                for one in (ranges if isinstance(ranges, list) else [])
                if isinstance(one, dict) and "pattern" in one
            ),
        )


def _deprecations(entries: dict[str, Any]) -> dict[str, str]:
    return {
        name: str(entry["url"])
        for name, entry in entries.items()
        if isinstance(entry, dict) and "url" in entry
    }


def _labelled(plugins: dict[str, Any]) -> Iterator[str]:
    """Update sites without a list of deprecations mark the plugins themselves."""
    for name, entry in plugins.items():
        if isinstance(entry, dict) and "deprecated" in (entry.get("labels") or []):
            yield name


def _deprecated_by_label(name: str) -> str:
    return f"https://plugins.jenkins.io/{name}/"


def _hexadecimal(encoded: Any) -> str:
    """Base64, as update centres write checksums, to hexadecimal."""
    if not isinstance(encoded, str):
        return ""
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return ""
    return digest.hex() if len(digest) == 32 else ""
