"""Where plugin updates come from, and which are wanted: the `updates` section of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, field_validator, model_validator

from bot.settings.section import Section

__all__ = ["UpdatesConfig"]


class UpdatesConfig(Section):
    """For all controllers, or for one where it has a section of its own."""

    base: HttpUrl = HttpUrl("https://updates.jenkins.io")
    """The update centre, or a mirror that answers the same paths."""
    download_base: HttpUrl | None = None
    """Where plugin files come from instead of ``https://updates.jenkins.io/download``."""
    metadata_file: Path | None = None
    """A saved ``update-center.actual.json`` that is read instead of asking ``base``; plugin files are still downloaded."""
    directory: Path | None = None
    """For machines without a way out: holds ``update-center.actual.json``, ``plugin-versions.json`` if pins need it, and the
    plugin files as ``plugins/<name>/<version>/<name>.hpi`` or ``<name>.hpi``. Nothing is asked over the network."""
    verify_signature: bool = True
    """Take data only when it is signed by whom Jenkins trusts, or ``signature_ca_file``. The SHA-256 of plugin files is part of that data."""
    signature_ca_file: Path | None = None
    """PEM file of whom to trust instead, for mirrors that change the data and sign it again."""
    cache_hours: float = Field(default=12, ge=0)
    """How old the stored copy of the update centre's data may be before it is asked again."""
    timeout_seconds: float = Field(default=30, gt=0)
    """How long an update centre may stay silent."""
    plugins: Literal["minimal", "latest"] = "minimal"
    """``minimal`` changes only what the new core, the upgrade guide or another change needs; ``latest`` updates every plugin."""
    pins: Mapping[str, str] = {}
    """Plugin → the version that it must have. Nothing is ever downgraded."""
    watch_hours: float = Field(default=24, ge=0)
    """How often new releases are looked for, to show them and to tell the channel; 0 never."""

    @field_validator("base", "download_base")
    @classmethod
    def _without_secrets(cls, value: HttpUrl | None) -> HttpUrl | None:
        if value is not None and (value.username or value.password):
            raise ValueError("must not contain a user or password: the address appears in plans and messages")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> UpdatesConfig:
        if self.signature_ca_file is not None and not self.verify_signature:
            raise ValueError("give signature_ca_file or verify_signature: false, not both")
        if self.directory is not None and self.metadata_file is not None:
            raise ValueError("give directory or metadata_file, not both: a directory holds its own metadata")
        return self
