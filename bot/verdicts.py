"""Is green worse than blue? Compares what both sides did over the same time, like with like. Pure.

Errors: green must have a larger share than blue (Fisher's exact test, one-sided: both sides are samples) *and* a larger one than
blue's plus a margin (exact binomial test, one-sided). The bot's probes are compared with probes, people's requests with people's
requests. Response times, path by path: a one-sided Mann-Whitney test with a rank-biserial effect size, the ratio of medians and
their difference; all four must speak against green. Too few samples are inconclusive, never a pass.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.settings.policy import ThresholdConfig

__all__ = ["SideSample", "Verdict", "judge", "percentile", "worse"]

Kind = Literal["pass", "inconclusive", "fail"]
_WORST_FIRST: tuple[Kind, ...] = ("fail", "inconclusive", "pass")


@dataclass(frozen=True, slots=True)
class SideSample:
    """What one side did over the compared time."""

    requests: int
    """Of people, through the router."""
    errors: int
    """5xx among them."""
    timed: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Path → response times of the bot's own probes in seconds, the same probes on both sides."""
    failed_probes: int = 0
    restarts: int = 0
    """How often it came back by itself meanwhile."""
    out_of_memory: bool = False
    """Its last end was for lack of memory."""

    @property
    def probes(self) -> tuple[float, ...]:
        """Response times of all paths."""
        return tuple(seconds for times in self.timed.values() for seconds in times)


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: Kind
    reasons: tuple[str, ...]
    """Sentences with the figures, worst first."""


@dataclass(frozen=True, slots=True)
class _Share:
    """So many of so many went wrong."""

    bad: int
    of: int

    def __str__(self) -> str:
        return f"{self.bad} of {self.of}"


def judge(blue: SideSample, green: SideSample, thresholds: ThresholdConfig) -> Verdict:
    results = [
        _ends(green),
        _probes(blue, green, thresholds),
        _requests(blue, green, thresholds),
        *_latency(blue, green, thresholds),
    ]
    kind = next(kind for kind in _WORST_FIRST if kind == "pass" or any(found == kind for found, _ in results))
    return Verdict(kind, tuple(reason for found, reason in results if found == kind and reason))


def worse(one: str, than: str) -> bool:
    """Whether the first kind of verdict is worse than the second."""
    return _WORST_FIRST.index(one) < _WORST_FIRST.index(than)


def percentile(values: tuple[float, ...], share: float) -> float | None:
    """Nearest-rank percentile; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _ends(green: SideSample) -> tuple[Kind, str]:
    """A green that ends by itself fails whatever blue does: nobody asked it to restart."""
    if not green.restarts:
        return "pass", ""
    why = " for lack of memory" if green.out_of_memory else ""
    return "fail", f"green ended by itself{why} (restarted {green.restarts} times)"


def _probes(blue: SideSample, green: SideSample, thresholds: ThresholdConfig) -> tuple[Kind, str]:
    b, g = (_Share(side.failed_probes, len(side.probes) + side.failed_probes) for side in (blue, green))
    figures = f"probes with errors: green {g}, blue {b}"
    if min(b.of, g.of) < thresholds.minimum_samples:
        return "inconclusive", f"{figures} (fewer than {thresholds.minimum_samples} on one side)"
    return _compared(figures, b, g, thresholds)


def _requests(blue: SideSample, green: SideSample, thresholds: ThresholdConfig) -> tuple[Kind, str]:
    b, g = (_Share(side.errors, side.requests) for side in (blue, green))
    figures = f"requests with errors: green {g}, blue {b}"
    if g.of < thresholds.minimum_samples:
        return "pass", ""  # as long as people do not use green the probes tell
    if b.of >= thresholds.minimum_samples:
        return _compared(figures, b, g, thresholds)
    if _beyond(g, thresholds.error_margin) < thresholds.significance:
        return "inconclusive", f"{figures}: more than the margin, and too few on blue to compare"
    return "pass", figures


def _compared(figures: str, blue: _Share, green: _Share, thresholds: ThresholdConfig) -> tuple[Kind, str]:
    allowed = blue.bad / blue.of + thresholds.error_margin
    if green.bad / green.of <= allowed:
        return "pass", figures
    p = max(_larger(green, blue), _beyond(green, allowed))
    return (
        "fail" if p < thresholds.significance else "pass"
    ), f"{figures} (p={p:.3g}, {allowed:.1%} allowed)"


def _larger(one: _Share, other: _Share) -> float:
    """p-value of: the first share is no larger than the second. Both are samples."""
    from scipy.stats import fisher_exact  # takes a second to import: only when there are errors to judge

    table = [[one.bad, one.of - one.bad], [other.bad, other.of - other.bad]]
    return float(fisher_exact(table, alternative="greater").pvalue)


def _beyond(share: _Share, allowed: float) -> float:
    """p-value of: the share is no larger than what is allowed."""
    if share.bad == 0 or allowed >= 1:
        return 1.0
    from scipy.stats import binomtest  # see above

    return float(binomtest(share.bad, share.of, allowed, alternative="greater").pvalue)


def _latency(blue: SideSample, green: SideSample, thresholds: ThresholdConfig) -> list[tuple[Kind, str]]:
    paths = sorted(blue.timed.keys() | green.timed.keys())
    fewest = min(len(blue.probes), len(green.probes))
    if fewest < thresholds.minimum_samples:
        figures = f"{len(green.probes)} probes of green and {len(blue.probes)} of blue are too few"
        return [("inconclusive", f"response times: {figures}")]
    # All paths together have enough; of each there must be its part.
    enough = thresholds.minimum_samples // len(paths)
    return [
        _latency_of(
            path.split("?")[0], blue.timed.get(path, ()), green.timed.get(path, ()), enough, thresholds
        )
        for path in paths
    ]


def _latency_of(
    path: str, blue: tuple[float, ...], green: tuple[float, ...], enough: int, thresholds: ThresholdConfig
) -> tuple[Kind, str]:
    if min(len(blue), len(green)) < max(1, enough):
        return (
            "inconclusive",
            f"response of {path}: {len(green)} probes of green and {len(blue)} of blue are too few",
        )
    blue_median, green_median = statistics.median(blue), statistics.median(green)
    figures = (
        f"median response of {path}: green {green_median * 1000:.0f} ms, blue {blue_median * 1000:.0f} ms"
    )
    allowed = max(blue_median * thresholds.latency_ratio, blue_median + thresholds.latency_margin_seconds)
    if green_median <= allowed:
        return "pass", figures
    from scipy.stats import mannwhitneyu  # see above

    result = mannwhitneyu(green, blue, alternative="greater")
    effect = 2 * float(result.statistic) / (len(green) * len(blue)) - 1
    is_worse = float(result.pvalue) < thresholds.significance and effect >= thresholds.latency_effect
    return ("fail" if is_worse else "pass"), f"{figures} (p={float(result.pvalue):.3g}, effect {effect:.2f})"
