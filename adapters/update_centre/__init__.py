"""Implements the port ``UpdateCentre``: over the network with a cache, or from files."""

from __future__ import annotations

from pathlib import Path

from adapters.update_centre.files import DirectoryUpdateCentre
from adapters.update_centre.online import OnlineUpdateCentre
from adapters.update_centre.signature import SignatureCheck
from bot.ports import Clock, UpdateCentre
from bot.settings.updates import UpdatesConfig

__all__ = ["build_update_centre"]


def build_update_centre(settings: UpdatesConfig, cache: Path, clock: Clock) -> UpdateCentre:
    """``cache`` is a directory for stored copies; nothing is asked before a verb is called.

    :raises ConfigurationError: when ``settings.signature_ca_file`` cannot be used.
    """
    signature = SignatureCheck(settings.signature_ca_file, clock) if settings.verify_signature else None
    if settings.directory is not None:
        return DirectoryUpdateCentre(settings.directory, signature)
    return OnlineUpdateCentre(settings, cache, clock, signature)
