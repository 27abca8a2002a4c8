"""The "war": a zip file whose manifest names the Jenkins release, as in a real one."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

__all__ = ["make_war", "read_manifest", "read_version"]

_MANIFEST = "META-INF/MANIFEST.MF"


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
        archive.writestr(zipfile.ZipInfo(_MANIFEST), text)
    return path


def read_manifest(path: Path) -> dict[str, str]:
    """The main attributes of a war's or plugin's manifest, continuation lines joined.

    :raises ValueError: when the file is not a zip file or has no manifest.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(_MANIFEST).decode()
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{path} has no manifest: {error}") from error
    main = text.replace("\r\n", "\n").replace("\n ", "").split("\n\n")[0]
    return dict(line.split(": ", 1) for line in main.splitlines() if ": " in line)


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
