"""Manifests of wars and plugins: both are zip files with one."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO

__all__ = ["MANIFEST", "read_manifest"]

MANIFEST = "META-INF/MANIFEST.MF"


def read_manifest(file: Path | IO[bytes]) -> dict[str, str]:
    """The main attributes of a war's or plugin's manifest, continuation lines joined.

    :raises ValueError: when the file is not a zip file or has no manifest.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            text = archive.read(MANIFEST).decode()
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{file} has no manifest: {error}") from error
    main = text.replace("\r\n", "\n").replace("\n ", "").split("\n\n")[0]
    return dict(line.split(": ", 1) for line in main.splitlines() if ": " in line)
