"""The "war": a zip file whose manifest names the Jenkins release, with plugins in it, as in a real one."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from rehearsal.jenkins.manifest import MANIFEST, read_manifest
from rehearsal.jenkins.plugins import plugin_file
from rehearsal.jenkins.release import WAR_WITHOUT_PLUGINS, at_least

__all__ = ["BUNDLED", "make_war", "read_version"]

BUNDLED = "WEB-INF/detached-plugins/"
"""Where a war has plugins that once were part of the core, and what those need."""
_PLUGINS = (
    ("matrix-project", "849.v0cd64ed7e531", "ionicons-api:74.v93d5eb_813d5f"),
    ("ionicons-api", "88.va_4187cb_eddf1", ""),
)
"""Name, version and needs of two of those in the war of 2.516.3: one that was part of the core, and one that never was."""


def make_war(path: Path, version: str) -> Path:
    """Write a war for ``version`` to ``path`` (parents are made) and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (
        "Manifest-Version: 1.0\n"
        "Main-Class: executable.Main\n"
        f"Implementation-Version: {version}\n"
        f"Jenkins-Version: {version}\n\n"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # A fixed date: the same release is the same file, which the layers of an image are recognised by.
        archive.writestr(zipfile.ZipInfo(MANIFEST), text)
        for name, plugin_version, needs in () if at_least(version, WAR_WITHOUT_PLUGINS) else _PLUGINS:
            archive.writestr(
                zipfile.ZipInfo(f"{BUNDLED}{name}.hpi"), plugin_file(name, plugin_version, dependencies=needs)
            )
    return path


def read_version(path: Path) -> str:
    """The Jenkins release of a war.

    :raises ValueError: when it is not a war.
    """
    version = read_manifest(path).get("Jenkins-Version")
    if version is None:
        raise ValueError(f"{path} is not a Jenkins war")
    return version


def main() -> None:
    """``python -m rehearsal.jenkins.war VERSION PATH``"""
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m rehearsal.jenkins.war VERSION PATH")
    make_war(Path(sys.argv[2]), sys.argv[1])


if __name__ == "__main__":
    main()
