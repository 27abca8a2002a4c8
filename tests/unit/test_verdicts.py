"""Verdicts: green is failed only for a difference that is real, large and well measured."""

from __future__ import annotations

import dataclasses
import random

from hypothesis import given
from hypothesis import strategies as st

from bot.settings.policy import ThresholdConfig
from bot.verdicts import SideSample, judge, percentile

THRESHOLDS = ThresholdConfig()


def side(
    median: float = 0.05, probes: int = 60, requests: int = 500, errors: int = 0, seed: int = 1
) -> SideSample:
    source = random.Random(seed)  # noqa: S311  # makes samples, not keys
    return SideSample(requests, errors, tuple(median * source.uniform(0.8, 1.2) for _ in range(probes)))


def test_alike_sides_pass() -> None:
    assert judge(side(seed=1), side(seed=2), THRESHOLDS).kind == "pass"


def test_many_more_errors_on_green_fail_with_the_figures() -> None:
    verdict = judge(side(), side(errors=40), THRESHOLDS)
    assert verdict.kind == "fail"
    assert "40 of 560" in verdict.reasons[0]


def test_a_green_that_ends_by_itself_fails_whatever_else_is_measured() -> None:
    """Good figures between two crashes are no good figures."""
    crashing = dataclasses.replace(side(), restarts=2, out_of_memory=True)
    verdict = judge(side(), crashing, THRESHOLDS)
    assert verdict.kind == "fail"
    assert "lack of memory" in verdict.reasons[0]


def test_a_few_errors_within_the_margin_pass() -> None:
    """A margin of one per cent is not broken by three errors in five hundred."""
    assert judge(side(), side(errors=3), THRESHOLDS).kind == "pass"


def test_errors_on_both_sides_alike_pass() -> None:
    """A broken page is not green's fault."""
    assert judge(side(errors=100), side(errors=100), THRESHOLDS).kind == "pass"


def test_a_slow_green_fails() -> None:
    assert judge(side(0.05), side(0.2), THRESHOLDS).kind == "fail"


def test_a_difference_that_nobody_notices_passes() -> None:
    """A fresh instance on a busy machine: three times as slow, and twenty milliseconds."""
    assert judge(side(0.01), side(0.03), THRESHOLDS).kind == "pass"
    strict = THRESHOLDS.model_copy(update={"latency_margin_seconds": 0.0})
    assert judge(side(0.01), side(0.03), strict).kind == "fail"


def test_a_slightly_slower_green_passes() -> None:
    """Significant but small differences are no reason to stop."""
    assert judge(side(0.05), side(0.06), THRESHOLDS).kind == "pass"


@given(st.integers(0, THRESHOLDS.minimum_samples - 1))
def test_too_few_samples_are_never_a_pass(probes: int) -> None:
    """Silence is not health."""
    assert judge(side(), side(probes=probes, requests=0), THRESHOLDS).kind == "inconclusive"


def test_a_failure_outweighs_what_is_inconclusive() -> None:
    assert judge(side(), side(probes=5, requests=500, errors=100), THRESHOLDS).kind == "fail"


@given(st.lists(st.floats(0, 10), min_size=1))
def test_a_percentile_is_one_of_the_values(values: list[float]) -> None:
    assert percentile(tuple(values), 0.95) in values


def test_no_values_have_no_percentile() -> None:
    assert percentile((), 0.5) is None
