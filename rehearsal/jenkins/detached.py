"""What an upgraded controller does with the plugins that its war brings along (``PluginManager.loadDetachedPlugins``)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from rehearsal.jenkins.plugins import Plugin, is_older, read_plugin
from rehearsal.jenkins.release import at_least
from rehearsal.jenkins.war import BUNDLED

__all__ = ["LAST_VERSION_FILE", "place_bundled"]

LAST_VERSION_FILE = "jenkins.install.InstallUtil.lastExecVersion"
_ONCE_CORE = frozenset({"matrix-project"})
"""Of those in the war."""


def place_bundled(home: Path, war: Path, version: str) -> list[str]:
    """Put newer copies of installed plugins that once were part of the core into the home, with what those need and is too old there.

    Only at the first start of another release than the last. Returns the names of what was put there.
    """
    last = home / LAST_VERSION_FILE
    if not last.exists() or at_least(last.read_text().strip(), version):
        return []
    bundled = _bundled(war)
    plugins = {name: plugin for name, (plugin, _) in bundled.items()}
    placed: dict[str, None] = {}
    for name in sorted(_ONCE_CORE & set(plugins)):
        there = _installed(home, name)
        if there is not None and is_older(there.version, plugins[name].version):
            placed |= dict.fromkeys((name, *_needed(home, plugins[name], plugins)))
    for name in placed:
        (home / "plugins" / f"{name}.jpi").write_bytes(bundled[name][1])
    return list(placed)


def _needed(home: Path, plugin: Plugin, plugins: Mapping[str, Plugin]) -> Iterator[str]:
    for need in plugin.dependencies:
        there = _installed(home, need.name)
        if need.optional or (there is not None and not is_older(there.version, need.version)):
            continue
        if need.name in plugins:
            yield need.name
            yield from _needed(home, plugins[need.name], plugins)


def _bundled(war: Path) -> Mapping[str, tuple[Plugin, bytes]]:
    found: dict[str, tuple[Plugin, bytes]] = {}
    with zipfile.ZipFile(war) as archive:
        for entry in archive.namelist():
            if entry.startswith(BUNDLED):
                content = archive.read(entry)
                plugin = read_plugin(io.BytesIO(content), Path(entry).stem)
                assert plugin is not None, "a war has whole plugins"
                found[plugin.name] = plugin, content
    return found


def _installed(home: Path, name: str) -> Plugin | None:
    path = home / "plugins" / f"{name}.jpi"
    return read_plugin(path, name) if path.exists() else None
