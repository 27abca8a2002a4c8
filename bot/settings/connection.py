"""How the bot speaks to a controller: the `connection` section of a controller's configuration."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from bot.settings.section import Section

__all__ = ["ConnectionConfig"]


class ConnectionConfig(Section):
    """For every instance of the controller, whichever is running."""

    ca_file: Path | None = None
    """PEM file of the authorities that may have signed its certificate, instead of the public ones."""
    cert_file: Path | None = None
    """PEM file with the certificate that the bot shows, where one is asked for; may hold the key as well."""
    key_file: Path | None = None
    """PEM file with the key to it, without a passphrase."""
    verify: bool = True
    """False: whoever answers is believed, and can read the API token. For trials only; `ci-upgrade check` warns of it."""
    timeout_seconds: float = Field(default=10, gt=0)
    """How long an answer may take to begin, or to go on. Scripts that touch every job have two minutes at least."""
    read_attempts: int = Field(default=3, ge=1, le=10)
    """How often something is asked in all when it fails in a way that may pass. What changes something is sent once."""
    read_retry_seconds: float = Field(default=15, ge=0)
    """No further attempt begins later than this after the first, so that a slow instance is not asked for ever."""

    @model_validator(mode="after")
    def _consistent(self) -> ConnectionConfig:
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("key_file needs cert_file, the certificate that it belongs to")
        if self.ca_file is not None and not self.verify:
            raise ValueError("give ca_file or verify: false, not both")
        return self
