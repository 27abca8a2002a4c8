"""Jenkins release numbers and what changed with them."""

from __future__ import annotations

__all__ = [
    "HEALTH_PAGE",
    "LARGE_FORMS",
    "LISTED_BUILDS_ONLY",
    "QUEUE_COUNTER_AS_PROPERTY",
    "QUEUE_FILE_BY_ID",
    "WAR_WITHOUT_PLUGINS",
    "WITHOUT_LEGACY_IDS",
    "at_least",
]

QUEUE_FILE_BY_ID = "2.426"
"""``-Dhudson.model.Queue.id`` names the queue's file."""
QUEUE_COUNTER_AS_PROPERTY = "2.450"
"""The queue's id counter is stored as a property; an older file's counter is not understood."""
HEALTH_PAGE = "2.506"
"""``/health`` answers without credentials."""
LISTED_BUILDS_ONLY = "2.525"
"""A build directory that was not there when the job was loaded is not found at all."""
WITHOUT_LEGACY_IDS = "2.509"
"""``builds/legacyIds`` of each job is deleted when it is loaded, with a line in the log for each (JENKINS-75465)."""
WAR_WITHOUT_PLUGINS = "2.577"
"""The war brings no plugins along any more."""

LARGE_FORMS = "2.541.1"
"""Forms above 200,000 bytes are taken."""


def at_least(version: str, minimum: str) -> bool:
    """True when ``version`` is ``minimum`` or newer; LTS patch numbers count."""
    return _parts(version) >= _parts(minimum)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-")[0].split("."))
