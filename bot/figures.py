"""What was sampled of both sides, added up and in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.content import EvidenceRow
from bot.verdicts import SideSample, percentile

__all__ = ["Samples", "increase", "side_by_side", "total"]

Samples = Sequence[tuple[float, Mapping[str, Any]]]
"""Time and what :func:`bot.evidence.take_sample` stored, oldest first."""


def side_by_side(samples: Samples) -> tuple[EvidenceRow, ...]:
    """What was measured on both sides, for people."""
    blue, green = total(samples, "blue"), total(samples, "green")
    lags = [sample["lag"] for _, sample in samples if sample.get("lag") is not None]
    return (
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


def total(samples: Samples, side: str) -> SideSample:
    timed: dict[str, list[float]] = {}
    requests = errors = failed = restarts = 0
    before: Mapping[str, Any] | None = None
    for _, sample in samples:
        figures = sample["sides"][side]
        for path, seconds in zip(figures["paths"], figures["probes"], strict=True):
            timed.setdefault(path, []).append(seconds)
        failed += figures["failed_probes"]
        if before is not None:
            requests += increase(before["requests"], figures["requests"])
            errors += increase(before["errors"], figures["errors"])
            restarts += increase(before.get("restarts"), figures.get("restarts"))
        before = figures
    killed = restarts > 0 and any(sample["sides"][side].get("out_of_memory") for _, sample in samples)
    return SideSample(
        requests, errors, {path: tuple(found) for path, found in timed.items()}, failed, restarts, killed
    )


def increase(before: int | None, after: int | None) -> int:
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
