"""What the stand-in keeps of its log: as little as a real controller does."""

from __future__ import annotations

from rehearsal.jenkins.journal import KEPT, Journal


def test_old_records_are_pushed_out_by_new_ones_of_any_level() -> None:
    """A failure at the start is gone once the jobs have been loaded, and that something is gone can be seen."""
    journal = Journal()
    journal.severe("a", "failed")
    for _ in range(KEPT - 2):
        journal.info("b", "loaded")
    assert journal.has_all_since(0)
    journal.info("b", "loaded")
    journal.info("b", "loaded")
    assert journal.since(0, "SEVERE") == []
    assert not journal.has_all_since(0)
