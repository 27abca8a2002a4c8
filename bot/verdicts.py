"""Is green worse than blue? Compares what both sides did over the same time. Pure.

Errors: a one-sided exact binomial test of green's errors against blue's share plus a margin. Response times: a one-sided
Mann-Whitney test with a rank-biserial effect size, the ratio of medians and their difference; all four must speak against green.
Too few samples are inconclusive, never a pass.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Literal

from bot.settings.policy import ThresholdConfig

__all__ = ["SideSample", "Verdict", "judge", "percentile"]


@dataclass(frozen=True, slots=True)
class SideSample:
    """What one side did over the compared time."""

    requests: int
    errors: int
    probes: tuple[float, ...]
    """Response times of the bot's own probes in seconds, the same probes on both sides."""
    failed_probes: int = 0
    restarts: int = 0
    """How often it came back by itself meanwhile."""
    out_of_memory: bool = False
    """Its last end was for lack of memory."""


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: Literal["pass", "inconclusive", "fail"]
    reasons: tuple[str, ...]
    """Sentences with the figures, worst first."""


def judge(blue: SideSample, green: SideSample, thresholds: ThresholdConfig) -> Verdict:
    results = [
        _ends(green),
        _errors(blue, green, thresholds),
        _latency(blue, green, thresholds),
    ]
    for kind in ("fail", "inconclusive"):
        reasons = tuple(reason for result, reason in results if result == kind)
        if reasons:
            return Verdict(kind, reasons)
    return Verdict("pass", tuple(reason for _, reason in results if reason))


def _ends(green: SideSample) -> tuple[str, str]:
    """A green that ends by itself fails whatever blue does: nobody asked it to restart."""
    if not green.restarts:
        return "pass", ""
    why = " for lack of memory" if green.out_of_memory else ""
    return "fail", f"green ended by itself{why} (restarted {green.restarts} times)"


def percentile(values: tuple[float, ...], share: float) -> float | None:
    """Nearest-rank percentile; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _errors(blue: SideSample, green: SideSample, thresholds: ThresholdConfig) -> tuple[str, str]:
    blue_total, blue_bad = (
        blue.requests + len(blue.probes) + blue.failed_probes,
        blue.errors + blue.failed_probes,
    )
    green_total, green_bad = (
        green.requests + len(green.probes) + green.failed_probes,
        green.errors + green.failed_probes,
    )
    figures = f"errors: green {green_bad} of {green_total}, blue {blue_bad} of {blue_total}"
    if min(blue_total, green_total) < thresholds.minimum_samples:
        return "inconclusive", f"{figures} (fewer than {thresholds.minimum_samples} requests on one side)"
    allowed = blue_bad / blue_total + thresholds.error_margin
    if green_bad == 0 or allowed >= 1:
        return "pass", figures
    from scipy.stats import binomtest  # takes a second to import: only when there are errors to judge

    p = float(binomtest(green_bad, green_total, allowed, alternative="greater").pvalue)
    return (
        "fail" if p < thresholds.significance else "pass"
    ), f"{figures} (p={p:.3g}, {allowed:.1%} allowed)"


def _latency(blue: SideSample, green: SideSample, thresholds: ThresholdConfig) -> tuple[str, str]:
    if min(len(blue.probes), len(green.probes)) < thresholds.minimum_samples:
        return (
            "inconclusive",
            f"response times: {len(green.probes)} probes of green and {len(blue.probes)} of blue are too few",
        )
    blue_median, green_median = statistics.median(blue.probes), statistics.median(green.probes)
    figures = f"median response to the bot's probes: green {green_median * 1000:.0f} ms, blue {blue_median * 1000:.0f} ms"
    allowed = max(blue_median * thresholds.latency_ratio, blue_median + thresholds.latency_margin_seconds)
    if green_median <= allowed:
        return "pass", figures
    from scipy.stats import mannwhitneyu  # see above

    result = mannwhitneyu(green.probes, blue.probes, alternative="greater")
    effect = 2 * float(result.statistic) / (len(green.probes) * len(blue.probes)) - 1
    worse = float(result.pvalue) < thresholds.significance and effect >= thresholds.latency_effect
    return ("fail" if worse else "pass"), f"{figures} (p={float(result.pvalue):.3g}, effect {effect:.2f})"
