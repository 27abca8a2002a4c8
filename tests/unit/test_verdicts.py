"""Verdicts: green is failed only for a difference that is real, large and well measured."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.policy import ThresholdConfig
from bot.verdicts import SideSample, judge, percentile, worse

THRESHOLDS = ThresholdConfig()
PATHS = ("/login", "/api/json?tree=jobs[name]", "/queue/api/json")


def times(median: float, count: int, seed: int = 1) -> tuple[float, ...]:
    source = random.Random(seed)  # noqa: S311  # makes samples, not keys
    return tuple(median * source.uniform(0.8, 1.2) for _ in range(count))


def side(
    median: float = 0.05, probes: int = 60, requests: int = 500, errors: int = 0, seed: int = 1
) -> SideSample:
    counts = [probes // len(PATHS) + (number < probes % len(PATHS)) for number in range(len(PATHS))]
    timed = {path: times(median, count, seed) for path, count in zip(PATHS, counts, strict=True)}
    return SideSample(requests, errors, timed)


def test_alike_sides_pass() -> None:
    assert judge(side(seed=1), side(seed=2), THRESHOLDS).kind == "pass"


def test_many_more_errors_on_green_fail_with_the_figures() -> None:
    verdict = judge(side(), side(errors=40), THRESHOLDS)
    assert verdict.kind == "fail"
    assert "40 of 500" in verdict.reasons[0]


def test_a_green_that_ends_by_itself_fails_whatever_else_is_measured() -> None:
    """Good figures between two crashes are no good figures."""
    crashing = dataclasses.replace(side(), restarts=2, out_of_memory=True)
    verdict = judge(side(), crashing, THRESHOLDS)
    assert verdict.kind == "fail"
    assert "lack of memory" in verdict.reasons[0]


def test_a_few_errors_within_the_margin_pass() -> None:
    """A margin of one per cent is not broken by three errors in five hundred."""
    assert judge(side(), side(errors=3), THRESHOLDS).kind == "pass"


def test_blue_is_a_sample_too() -> None:
    """Two per cent of errors are natural there; that a hundred requests of blue happened to have none proves nothing."""
    assert judge(side(requests=100), side(requests=500, errors=10), THRESHOLDS).kind == "pass"
    assert judge(side(requests=5000), side(requests=5000, errors=100), THRESHOLDS).kind == "fail"


@pytest.mark.parametrize(
    ("blue", "green", "kind"), [(0, 50, "pass"), (0, 100, "fail"), (100, 150, "pass"), (100, 250, "fail")]
)
def test_green_is_failed_for_what_is_really_beyond_the_margin(blue: int, green: int, kind: str) -> None:
    """One per cent more than blue is allowed, however many requests there are to tell the difference."""
    verdict = judge(side(requests=5000, errors=blue), side(requests=5000, errors=green), THRESHOLDS)
    assert verdict.kind == kind


def test_people_are_not_compared_with_probes() -> None:
    """With all sessions on green blue has only the bot's own probes left, which never fail there."""
    alone = side(requests=0)
    assert judge(alone, side(requests=5000, errors=50), THRESHOLDS).kind == "pass"
    verdict = judge(alone, side(requests=5000, errors=500), THRESHOLDS)
    assert verdict.kind == "inconclusive", "many errors, and nobody to compare them with: people decide"
    assert "500 of 5000" in verdict.reasons[0]


def test_failing_probes_are_not_hidden_by_many_good_requests() -> None:
    dead = dataclasses.replace(side(requests=100_000, probes=30), failed_probes=30)
    assert judge(side(requests=100_000), dead, THRESHOLDS).kind == "fail"


def test_errors_on_both_sides_alike_pass() -> None:
    """A broken page is not green's fault."""
    assert judge(side(errors=100), side(errors=100), THRESHOLDS).kind == "pass"


def test_a_slow_green_fails() -> None:
    assert judge(side(0.05), side(0.2), THRESHOLDS).kind == "fail"


@pytest.mark.parametrize("path", PATHS)
def test_one_slow_page_fails(path: str) -> None:
    """Whichever it is; the others do not outvote it."""
    slow = side()
    slow = dataclasses.replace(slow, timed={**slow.timed, path: times(0.5, 20, 2)})
    verdict = judge(side(), slow, THRESHOLDS)
    assert verdict.kind == "fail"
    assert len(verdict.reasons) == 1
    assert f"response of {path.split('?')[0]}:" in verdict.reasons[0]


def test_a_page_that_hardly_ever_answers_is_not_passed_for_the_others() -> None:
    silent = side()
    silent = dataclasses.replace(silent, timed={**silent.timed, "/login": times(0.05, 3)})
    assert judge(side(), silent, THRESHOLDS).kind == "inconclusive"


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


def test_a_verdict_is_worse_than_one_that_lets_more_through() -> None:
    assert worse("fail", "inconclusive")
    assert worse("inconclusive", "pass")
    assert not worse("pass", "pass")
