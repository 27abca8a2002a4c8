"""How ready blue is to take over again, in one line that stands on the dashboard for as long as going back is one click. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import Side
from bot.upgrade import Upgrade

__all__ = ["readiness"]

SESSIONS_SECONDS = 1.0
"""From the click until the router sends every session to blue and was read back."""


def readiness(upgrade: Upgrade, sample: Mapping[str, Any] | None) -> str:
    """``sample`` is the newest measurement (see :func:`bot.evidence.take_sample`); empty text while there is nothing to go back from."""
    if sample is None or not upgrade.following:
        return ""
    probes = sample["sides"]["blue"]["probes"]
    if not probes:
        return "blue does not answer: a rollback would have to start it first"
    seconds = SESSIONS_SECONDS
    then = "blue runs all builds"
    if upgrade.owner is Side.GREEN:
        seconds += float(upgrade.facts.get("freeze_seconds", SESSIONS_SECONDS))
        then = _finishing(sample.get("running"))
    return f"blue warm ({max(probes) * 1000:.0f} ms); back in about {seconds:.0f} s; {then}"


def _finishing(running: int | None) -> str:
    if running is None:
        return "builds that run on green would finish there"
    if running == 0:
        return "no build runs on green now"
    return f"{running} {'build' if running == 1 else 'builds'} would finish on green"
