"""Measurements of blue and green side by side, and the verdict that rests on them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from bot.content import EvidenceRow
from bot.context import Context
from bot.errors import BotError
from bot.figures import increase, side_by_side, total
from bot.model import Side
from bot.ownership.sync import known_running
from bot.series import Series, SidePoint
from bot.verdicts import judge, percentile

__all__ = ["Evidence", "gather", "series", "take_sample"]

PROBE_PATHS = ("/login", "/api/json?tree=jobs[name]{0,100}", "/queue/api/json?tree=items[id]{0,100}")


@dataclass(frozen=True, slots=True)
class Evidence:
    verdict: str
    """pass, inconclusive or fail."""
    reasons: tuple[str, ...]
    rows: tuple[EvidenceRow, ...]
    since: float
    until: float

    def as_json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data

    def digest(self) -> str:
        """Short hash that binds an approval to what was shown."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]


def take_sample(ctx: Context) -> None:
    """Probe both sides alike, read the router's counters, store it."""
    upgrade = ctx.upgrade
    sides: dict[str, dict[str, Any]] = {}
    for side in Side:
        probes = [ctx.jenkins(side).probe(path) for path in PROBE_PATHS]
        good = [probe.seconds for probe in probes if 200 <= probe.status < 400]
        sides[side.value] = {
            "probes": good,
            "failed_probes": len(probes) - len(good),
            "requests": None,
            "errors": None,
            **_condition(ctx, side),
        }
    try:
        for side, traffic in ctx.services.router.traffic().items():
            sides[side.value] |= {"requests": traffic.requests, "errors": traffic.errors}
    except BotError:
        pass  # probes alone are evidence too; the requests of this sample stay unknown
    lag = ctx.store.document(f"lag:{ctx.id}")
    ctx.store.add_sample(
        ctx.id,
        ctx.clock.now(),
        {
            "weight": upgrade.weight,
            "owner": upgrade.owner.value,
            "lag": lag["seconds"] if lag else None,
            "running": known_running(ctx, upgrade.owner),
            "sides": sides,
        },
    )


def _condition(ctx: Context, side: Side) -> dict[str, Any]:
    """What the environment says of the instance; nothing where it cannot."""
    try:
        state = ctx.services.environment.state(ctx.upgrade.instance(side))
    except BotError:
        return {}
    return {
        "memory": state.memory_bytes,
        "cpu": state.cpu_seconds,
        "restarts": state.restarts,
        "out_of_memory": state.oom_killed,
    }


def gather(ctx: Context, since: float) -> Evidence:
    """Everything measured since a time, with the verdict."""
    samples = ctx.store.samples(ctx.id, since)
    verdict = judge(total(samples, "blue"), total(samples, "green"), ctx.config.thresholds)
    return Evidence(verdict.kind, verdict.reasons, side_by_side(samples), since, ctx.clock.now())


def series(ctx: Context, since: float, title: str) -> Series:
    """The same measurements over time, for the picture."""
    samples = ctx.store.samples(ctx.id, since)
    points: dict[str, list[SidePoint]] = {"blue": [], "green": []}
    for earlier, later in zip([None, *samples], samples, strict=False):
        at, sample = later
        for side, found in points.items():
            figures = sample["sides"][side]
            before = earlier[1]["sides"][side] if earlier else figures
            probes = tuple(figures["probes"])
            found.append(
                SidePoint(
                    at,
                    percentile(probes, 0.5),
                    percentile(probes, 0.95),
                    increase(before["requests"], figures["requests"]),
                    increase(before["errors"], figures["errors"]) + figures["failed_probes"],
                )
            )
    weights = tuple((at, int(sample["weight"])) for at, sample in samples)
    return Series(title, tuple(points["blue"]), tuple(points["green"]), weights)
