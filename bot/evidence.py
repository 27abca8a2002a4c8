"""Measurements of blue and green side by side, and the verdict that rests on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.content import EvidenceRow
from bot.context import Context
from bot.errors import BotError
from bot.model import Side
from bot.ownership.sync import known_running
from bot.series import Series, SidePoint
from bot.verdicts import SideSample, judge, percentile

__all__ = ["Evidence", "gather", "series", "take_sample"]

PROBE_PATHS = ("/login", "/api/json?tree=jobs[name]{0,100}", "/queue/api/json?tree=items[id]{0,100}")

Samples = Sequence[tuple[float, Mapping[str, Any]]]


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
    blue, green = _total(samples, "blue"), _total(samples, "green")
    verdict = judge(blue, green, ctx.config.thresholds)
    lags = [sample["lag"] for _, sample in samples if sample.get("lag") is not None]
    rows = (
        EvidenceRow("Requests", str(blue.requests), str(green.requests)),
        EvidenceRow("Errors (5xx)", str(blue.errors), str(green.errors)),
        EvidenceRow(
            "Response p50",
            _ms(percentile(blue.probes, 0.5)),
            _ms(percentile(green.probes, 0.5)),
            _count(blue, green),
        ),
        EvidenceRow("Response p95", _ms(percentile(blue.probes, 0.95)), _ms(percentile(green.probes, 0.95))),
        EvidenceRow("Failed probes", str(blue.failed_probes), str(green.failed_probes)),
        EvidenceRow(
            "Memory", _mib(_last(samples, "blue", "memory")), _mib(_last(samples, "green", "memory"))
        ),
        EvidenceRow("Processor", _cores(samples, "blue"), _cores(samples, "green"), "cores, on average"),
        EvidenceRow("Restarts", str(blue.restarts), str(green.restarts)),
        EvidenceRow("Sync lag", "–", f"{max(lags):.1f} s" if lags else "unknown", "longest"),
    )
    return Evidence(verdict.kind, verdict.reasons, rows, since, ctx.clock.now())


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
                    _increase(before["requests"], figures["requests"]),
                    _increase(before["errors"], figures["errors"]) + figures["failed_probes"],
                )
            )
    weights = tuple((at, int(sample["weight"])) for at, sample in samples)
    return Series(title, tuple(points["blue"]), tuple(points["green"]), weights)


def _total(samples: Samples, side: str) -> SideSample:
    probes: list[float] = []
    requests = errors = failed = restarts = 0
    before: Mapping[str, Any] | None = None
    for _, sample in samples:
        figures = sample["sides"][side]
        probes += figures["probes"]
        failed += figures["failed_probes"]
        if before is not None:
            requests += _increase(before["requests"], figures["requests"])
            errors += _increase(before["errors"], figures["errors"])
            restarts += _increase(before.get("restarts"), figures.get("restarts"))
        before = figures
    killed = restarts > 0 and any(sample["sides"][side].get("out_of_memory") for _, sample in samples)
    return SideSample(requests, errors, tuple(probes), failed, restarts, killed)


def _increase(before: int | None, after: int | None) -> int:
    """Growth of a cumulative counter; one that fell was reset when the router restarted."""
    if before is None or after is None:
        return 0
    return after - before if after >= before else after


def _last(samples: Samples, side: str, figure: str) -> float | None:
    known = [
        sample["sides"][side][figure]
        for _, sample in samples
        if sample["sides"][side].get(figure) is not None
    ]
    return known[-1] if known else None


def _cores(samples: Samples, side: str) -> str:
    """Processor time over wall time, between the first and the last sample that know it."""
    known = [
        (at, sample["sides"][side]["cpu"])
        for at, sample in samples
        if sample["sides"][side].get("cpu") is not None
    ]
    if len(known) < 2 or known[-1][0] <= known[0][0] or known[-1][1] < known[0][1]:
        return "–"
    return f"{(known[-1][1] - known[0][1]) / (known[-1][0] - known[0][0]):.2f}"


def _mib(value: float | None) -> str:
    return "–" if value is None else f"{value / 1024**2:.0f} MiB"


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"


def _count(blue: SideSample, green: SideSample) -> str:
    return f"{len(blue.probes)} and {len(green.probes)} probes"
