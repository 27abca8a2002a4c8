"""Measurements of blue and green side by side, and the verdict that rests on them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from bot.content import EvidenceRow
from bot.context import Context
from bot.errors import BotError
from bot.figures import Samples, increase, side_by_side, total
from bot.model import Probe, Side
from bot.ownership.sync import known_running
from bot.ports import Jenkins
from bot.series import Series, SidePoint
from bot.settings.policy import ThresholdConfig
from bot.verdicts import Verdict, judge, percentile, worse

__all__ = ["Evidence", "gather", "look", "series", "take_sample"]

PROBE_PATHS = ("/login", "/api/json?tree=jobs[name]{0,100}", "/queue/api/json?tree=items[id]{0,100}")
OFTEN = 10
"""How much smaller a p-value has to be where the question is put again and again."""


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
        probes = _probes(ctx.jenkins(side))
        good = [probe for probe in probes if 200 <= probe.status < 400]
        sides[side.value] = {
            "probes": [probe.seconds for probe in good],
            "paths": [probe.path for probe in good],
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


def _probes(jenkins: Jenkins) -> list[Probe]:
    """One of each path. Of a side that gives no answer the rest is not asked: it has failed them all, and shows so the sooner."""
    found: list[Probe] = []
    for path in PROBE_PATHS:
        silent = bool(found) and found[-1].status == 0
        found.append(Probe(path, 0, 0.0) if silent else jenkins.probe(path))
    return found


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
    """Everything measured since a time, with the verdict: that of the whole, or that of the newest part where it is worse."""
    samples = ctx.store.samples(ctx.id, since)
    verdict = _judge(samples, ctx.config.thresholds)
    lately = _judge_lately(samples, ctx.config.thresholds)
    if worse(lately.kind, verdict.kind):
        verdict = lately
    return Evidence(verdict.kind, verdict.reasons, side_by_side(samples), since, ctx.clock.now())


def look(ctx: Context, since: float) -> Verdict:
    """The verdict on the newest part of what was measured since a time: what breaks shows within a minute, also after good hours."""
    newest = ctx.store.newest_samples(ctx.id, ctx.config.thresholds.minimum_samples)
    return _judge_lately([sample for sample in newest if sample[0] >= since], ctx.config.thresholds)


def _judge_lately(samples: Samples, thresholds: ThresholdConfig) -> Verdict:
    """Asked at every sample, so a difference must be less likely by chance than one that is asked about once."""
    stricter = thresholds.model_copy(update={"significance": thresholds.significance / OFTEN})
    newest = samples[-thresholds.minimum_samples :]
    verdict = _judge(newest, stricter)
    seconds = newest[-1][0] - newest[0][0] if newest else 0.0
    return Verdict(
        verdict.kind, tuple(f"{reason}, in the last {seconds:.0f} s" for reason in verdict.reasons)
    )


def _judge(samples: Samples, thresholds: ThresholdConfig) -> Verdict:
    return judge(total(samples, "blue"), total(samples, "green"), thresholds)


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
