"""Tokens of what runs beside the steps: each is told that is meant, and none is told too late."""

from __future__ import annotations

import pytest

from bot.errors import Interrupted
from bot.stop_token import StopTokens
from tests.fakes.timing import VirtualClock


def test_only_what_runs_for_this_upgrade_now_is_told() -> None:
    """Another upgrade goes on, and so does the next tick of this one."""
    tokens = StopTokens(VirtualClock(0.0))
    with tokens.running("u1") as one, tokens.running("u1") as two, tokens.running("u2") as other:
        tokens.set("u1")
        for token in (one, two):
            with pytest.raises(Interrupted):
                token.check()
        other.check()
    with tokens.running("u1") as later:
        later.check()


def test_at_the_end_of_the_process_what_begins_late_is_told_as_well() -> None:
    tokens = StopTokens(VirtualClock(0.0))
    with tokens.running("u1") as running:
        tokens.close()
        with pytest.raises(Interrupted):
            running.check()
    with tokens.running("u1") as late, pytest.raises(Interrupted):
        late.check()
