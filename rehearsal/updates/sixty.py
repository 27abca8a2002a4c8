"""Sixty plugins as a controller on 2.426.2 had them, as files in a home."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rehearsal.jenkins.plugins import make_plugin

__all__ = ["DATA", "install_sixty", "manifest_dependencies"]

DATA = Path(__file__).parent


def install_sixty(home: Path) -> None:
    """Write them into the home, over those that are there."""
    installed = json.loads((DATA / "installed-2.426.2.json").read_text(encoding="utf-8"))
    for name, entry in installed.items():
        make_plugin(
            home / "plugins" / f"{name}.jpi",
            name,
            entry["version"],
            required_core=entry["requiredCore"],
            dependencies=manifest_dependencies(entry["dependencies"]),
            long_name=entry["title"],
        )


def manifest_dependencies(entries: Iterable[Mapping[str, Any]]) -> str:
    """In the manifest's own form."""
    return ",".join(
        f"{one['name']}:{one['version']}" + (";resolution:=optional" if one["optional"] else "")
        for one in entries
    )
