"""What an ended upgrade leaves behind is thinned out after a while. Its rows, journal, gates and report stay."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from bot.figures import side_by_side
from bot.store import Store
from bot.upgrade import Upgrade

__all__ = ["KEPT_SECONDS", "measured_key", "prune"]

KEPT_SECONDS = 30 * 86400.0
"""After an upgrade's end."""


def prune(store: Store, state_directory: Path, now: float) -> tuple[str, ...]:
    """Samples become the figures that the report shows; working papers and pictures go. Returns the upgrades that were thinned out."""
    due = [
        upgrade
        for upgrade in map(store.get, store.sampled())
        if not upgrade.live and upgrade.ended_at is not None and upgrade.ended_at + KEPT_SECONDS <= now
    ]
    for upgrade in due:
        for gate in store.gates(upgrade.id):
            (state_directory / "pictures" / f"{gate.id}.png").unlink(missing_ok=True)
        measured = side_by_side(store.samples(upgrade.id, upgrade.created_at))
        store.put_document(measured_key(upgrade), {"rows": [dataclasses.asdict(row) for row in measured]})
        papers = ("lag:{}", "users:{}", "cut-off:{}", "sync:{}:blue", "sync:{}:green", "given-out:{}:blue", "given-out:{}:green")
        store.thin_out(upgrade.id, tuple(paper.format(upgrade.id) for paper in papers))
    return tuple(upgrade.id for upgrade in due)


def measured_key(upgrade: Upgrade) -> str:
    """Of the document that holds the figures once the samples are gone."""
    return f"measured:{upgrade.id}"
