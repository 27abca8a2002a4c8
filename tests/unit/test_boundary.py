"""Ownership never moves near a minute boundary."""

from hypothesis import given
from hypothesis import strategies as st

from bot.ownership.boundary import AFTER_SECONDS, BEFORE_SECONDS, cutoff_of_old_timers, next_safe_moment

MOMENTS = st.floats(min_value=1e9, max_value=2e9)


@given(MOMENTS, MOMENTS)
def test_a_safe_moment_is_inside_a_minute_and_not_in_the_past(now: float, booted_at: float) -> None:
    """Whatever the time, the moment found leaves room on both sides of the boundary."""
    moment = next_safe_moment(now, booted_at)
    assert moment >= now
    assert AFTER_SECONDS - 1e-3 <= moment % 60 <= 60 - BEFORE_SECONDS + 1e-3


@given(MOMENTS)
def test_a_fresh_instance_has_its_first_cron_tick_as_a_follower(booted_at: float) -> None:
    """Its first tick also fires the minute it started in: it must be over, and refused, before the release."""
    assert next_safe_moment(booted_at, booted_at) >= (booted_at // 60 + 1) * 60 + AFTER_SECONDS


def test_in_the_middle_of_a_minute_there_is_nothing_to_wait_for() -> None:
    """No handover waits without a reason."""
    assert next_safe_moment(1_800_000_030.0, 0.0) == 1_800_000_030.0


@given(MOMENTS)
def test_the_new_owners_timers_begin_at_the_next_boundary(released_at: float) -> None:
    """Timers queued before it belong to the old owner, from it on to the new one: never to both."""
    cutoff = cutoff_of_old_timers(released_at)
    assert released_at < cutoff <= released_at + 60
    assert cutoff % 60 == 0
