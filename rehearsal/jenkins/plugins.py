"""Plugins in ``plugins/*.jpi``: which load and which fail, from their manifests alone. Their code is never looked at."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rehearsal.jenkins.manifest import MANIFEST, read_manifest
from rehearsal.jenkins.release import at_least

__all__ = [
    "Dependency",
    "Plugin",
    "PluginSet",
    "is_older",
    "load_plugins",
    "make_plugin",
    "plugin_file",
    "read_plugin",
]


@dataclass(frozen=True)
class Dependency:
    name: str
    version: str
    optional: bool


@dataclass(frozen=True)
class Plugin:
    name: str
    version: str
    long_name: str
    required_core: str
    dependencies: tuple[Dependency, ...]
    enabled: bool
    url: str | None

    @property
    def title(self) -> str:
        return f"{self.long_name} ({self.name} {self.version})"


@dataclass(frozen=True)
class PluginSet:
    loaded: tuple[Plugin, ...]
    """Sorted by name, disabled ones included."""
    failed: Mapping[str, str]
    """Name → the exception's text."""

    @property
    def active(self) -> frozenset[str]:
        return frozenset(plugin.name for plugin in self.loaded if plugin.enabled)


def make_plugin(
    path: Path,
    name: str,
    version: str,
    *,
    required_core: str = "2.346",
    dependencies: str = "",
    long_name: str = "",
    url: str = "",
) -> Path:
    """Write a :func:`plugin_file` to the path; parents are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = plugin_file(
        name, version, required_core=required_core, dependencies=dependencies, long_name=long_name, url=url
    )
    path.write_bytes(content)
    return path


def plugin_file(
    name: str,
    version: str,
    *,
    required_core: str = "2.346",
    dependencies: str = "",
    long_name: str = "",
    url: str = "",
) -> bytes:
    """A plugin with a manifest and nothing else.

    ``dependencies`` is in the manifest's own form: ``structs:1.2,jaxb:2;resolution:=optional``.
    """
    lines = [
        "Manifest-Version: 1.0",
        f"Short-Name: {name}",
        f"Extension-Name: {name}",
        f"Long-Name: {long_name or name}",
        f"Plugin-Version: {version}",
        f"Jenkins-Version: {required_core}",
    ]
    if url:
        lines.append(f"Url: {url}")
    if dependencies:
        lines.append(f"Plugin-Dependencies: {dependencies}")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        # A fixed time keeps the bytes, and so the checksum, the same each time.
        archive.writestr(zipfile.ZipInfo(MANIFEST, (2024, 1, 1, 0, 0, 0)), "\n".join(lines) + "\n\n")
    return content.getvalue()


def load_plugins(home: Path, core: str) -> PluginSet:
    """What a controller of the release would load from the home."""
    directory = home / "plugins"
    found: dict[str, Plugin] = {}
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.suffix in (".jpi", ".hpi") and path.is_file():
            plugin = read_plugin(path, path.stem, not path.with_name(path.name + ".disabled").exists())
            if plugin is not None:
                found[plugin.name] = plugin
    failed: dict[str, str] = {}
    for name in sorted(found):
        _check(name, found, core, failed, ())
    return PluginSet(tuple(found[name] for name in sorted(found) if name not in failed), failed)


def _check(
    name: str, found: Mapping[str, Plugin], core: str, failed: dict[str, str], path: tuple[str, ...]
) -> None:
    plugin = found[name]
    if name in failed or name in path or not plugin.enabled:
        return
    reasons: list[str] = []
    if not at_least(core, plugin.required_core):
        reasons.append(f"Jenkins ({plugin.required_core}) or higher required")
    for need in plugin.dependencies:
        other = found.get(need.name)
        if other is None or not other.enabled:
            if not need.optional:
                reasons.append(f"Plugin is missing: {need.name} ({need.version})")
            continue
        if is_older(other.version, need.version):
            reasons.append(f"Update required: {other.title} to be updated to {need.version} or higher")
            continue
        _check(need.name, found, core, failed, (*path, name))
        if need.name in failed and not need.optional:
            reasons.append(f"Failed to load: {other.title}")
    if reasons:
        failed[name] = f"java.io.IOException: Failed to load: {plugin.title}" + "".join(
            f"\n - {reason}" for reason in reasons
        )


def is_older(version: str, minimum: str) -> bool:
    """Versions, compared by leading numbers only; the hashes of newer version schemes say nothing about order."""
    return _numbers(version) < _numbers(minimum)


def _numbers(version: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in version.replace("-", ".").split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def read_plugin(file: Path | IO[bytes], name: str, enabled: bool = True) -> Plugin | None:
    """What the manifest says, with ``name`` where it names no other; None for a file without one."""
    try:
        manifest = read_manifest(file)
    except ValueError:
        return None
    name = manifest.get("Short-Name", name)
    return Plugin(
        name=name,
        version=manifest.get("Plugin-Version", "?"),
        long_name=manifest.get("Long-Name", name),
        required_core=manifest.get("Jenkins-Version") or manifest.get("Hudson-Version") or "1.0",
        dependencies=tuple(
            _dependency(text) for text in manifest.get("Plugin-Dependencies", "").split(",") if text
        ),
        enabled=enabled,
        url=manifest.get("Url"),
    )


def _dependency(text: str) -> Dependency:
    name, _, rest = text.strip().partition(":")
    version, _, flags = rest.partition(";")
    return Dependency(name, version, "optional" in flags)
