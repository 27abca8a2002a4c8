"""The line that says how ready blue is to take over again."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model import Instance, Side
from bot.readiness import readiness
from bot.upgrade import Status, Upgrade


def upgrade(**changes: Any) -> Upgrade:
    usual: dict[str, Any] = {
        "id": "u1",
        "controller": "main",
        "source": "2.426.2",
        "target": "2.440.1",
        "requested_by": "U0ANN",
        "channel": "C1",
        "created_at": 0.0,
        "steps": ("soak",),
        "step": "soak",
        "status": Status.RUNNING,
        "blue": Instance("main-first", "2.426.2", "http://blue", "blue"),
        "following": True,
    }
    return Upgrade(**{**usual, **changes})


def sample(running: int | None = 0, probes: tuple[float, ...] = (0.012, 0.014)) -> dict[str, Any]:
    return {"sides": {"blue": {"probes": list(probes)}}, "running": running}


def test_before_the_handover_only_sessions_go_back() -> None:
    """Blue still runs the builds, so nothing else has to move."""
    assert readiness(upgrade(), sample()) == "blue warm (14 ms); back in about 1 s; blue runs all builds"


@pytest.mark.parametrize(
    ("running", "words"),
    [
        (0, "no build runs on green now"),
        (1, "1 build would finish on green"),
        (3, "3 builds would finish on green"),
        (None, "builds that run on green would finish there"),
    ],
)
def test_after_the_handover_it_counts_what_would_finish_on_green(running: int | None, words: str) -> None:
    """With the measured freeze added to the time."""
    changed = upgrade(owner=Side.GREEN, facts={"freeze_seconds": 2.6})
    assert readiness(changed, sample(running)) == f"blue warm (14 ms); back in about 4 s; {words}"


def test_a_blue_that_does_not_answer_is_said() -> None:
    """Nobody should rely on a way back that is not there."""
    assert "does not answer" in readiness(upgrade(), sample(probes=()))


@pytest.mark.parametrize(("following", "measured"), [(False, True), (True, False)])
def test_without_a_follower_or_a_measurement_it_says_nothing(following: bool, measured: bool) -> None:
    """Before green exists, and after blue is retired."""
    assert readiness(upgrade(following=following), sample() if measured else None) == ""
