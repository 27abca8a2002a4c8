"""Where backups are kept: the `backups` section."""

from __future__ import annotations

from pathlib import Path

from bot.settings.section import Section

__all__ = ["BackupConfig"]


class BackupConfig(Section):
    directory: Path
    encrypt_key_file: Path | None = None
    """A file with a passphrase. Without it archives are protected by their file mode (0600) only."""
