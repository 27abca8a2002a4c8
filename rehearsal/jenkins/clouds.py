"""Clouds that make agents, and what their plugins do when a controller starts: end the machines that look like orphans.

A cloud ``<rehearsal.Cloud>`` has its machines in the directory ``<machines>`` (relative to the home): a file each, whose text is the
URL of the controller that it was made for. So plugins for EC2 and Kubernetes find theirs, by tag and by label.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rehearsal.jenkins import documents
from rehearsal.jenkins.documents import text_of

__all__ = ["end_orphans"]


def end_orphans(clouds: Collection[str], home: Path, url: str | None, nodes: Collection[str]) -> list[str]:
    """End every machine of this URL that is none of the controller's ``nodes``; ``clouds`` are their XML. Returns what was ended."""
    ended = []
    for xml in clouds:
        machines = text_of(documents.parse(xml), "machines")
        for machine in sorted((home / machines).iterdir()) if machines else ():
            if machine.name not in nodes and machine.read_text() == url:
                machine.unlink()
                ended.append(machine.name)
    return ended
