"""A workspace whose people wait: a busy machine is no slow bot. That each callback acknowledges before it works is proven where its work is held."""

from __future__ import annotations

from rehearsal.slack import Settings

__all__ = ["PATIENT"]

PATIENT = Settings(acknowledge_seconds=60, trigger_seconds=60)
"""As Slack's own in everything but its three seconds."""
