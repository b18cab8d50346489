from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.limits import Rate, SlidingWindow, TokenBucket

# Quarters of a second are exact in binary, so that a moment on the edge of a window is on its edge.
MOMENTS = st.lists(st.integers(0, 80).map(lambda quarters: quarters / 4), max_size=40).map(sorted)
RATES = st.builds(Rate, st.integers(0, 4), st.integers(1, 20).map(lambda quarters: quarters / 4))


def test_a_rate_reads_as_it_is_written_in_scenarios():
    assert str(Rate(3, 10.0)) == "3 per 10s"


@given(RATES, MOMENTS)
def test_the_window_allows_what_counting_by_hand_allows(rate, moments):
    window, allowed = SlidingWindow(rate), []
    for now in moments:
        within = [then for then in allowed if now - rate.window_s < then]
        expected = len(within) < rate.count
        assert window.allows(now) is expected
        if expected:
            allowed.append(now)


@given(RATES, MOMENTS)
def test_no_window_of_that_length_ever_holds_more(rate, moments):
    window = SlidingWindow(rate)
    allowed = [now for now in moments if window.allows(now)]
    for begin in allowed:
        assert sum(begin <= then < begin + rate.window_s for then in allowed) <= rate.count


@given(RATES.filter(lambda rate: rate.count > 0), MOMENTS)
def test_after_the_announced_wait_one_more_is_allowed_and_not_before(rate, moments):
    window = SlidingWindow(rate)
    for now in moments:
        wait_s = window.retry_after_s(now)
        assert window.allows(now) is (wait_s == 0)
    if moments and (wait_s := window.retry_after_s(moments[-1])):
        assert not window.allows(moments[-1] + wait_s - 0.125)
        assert window.allows(moments[-1] + wait_s)


def test_refused_ones_do_not_count():
    window = SlidingWindow(Rate(1, 1.0))
    assert [window.allows(now) for now in (0.0, 0.5, 0.9, 1.0)] == [True, False, False, True]


@pytest.mark.parametrize("now", [0.0, 99.0])
def test_a_rate_of_nothing_never_allows_and_says_to_wait_a_window(now):
    window = SlidingWindow(Rate(0, 5.0))
    assert not window.allows(now)
    assert window.retry_after_s(now) == 5.0


def test_a_bucket_lets_as_many_pass_at_once_and_then_one_by_one():
    bucket = TokenBucket(Rate(10, 1.0))
    assert [bucket.allows(5.0) for _ in range(12)] == [True] * 10 + [False] * 2
    assert bucket.retry_after_s(5.0) == pytest.approx(0.1)
    assert [bucket.allows(5.05), bucket.allows(5.1), bucket.allows(5.1)] == [False, True, False]
    assert bucket.retry_after_s(6.1) == 0.0


def test_a_bucket_never_holds_more_than_its_rate():
    bucket = TokenBucket(Rate(2, 1.0))
    assert [bucket.allows(100.0) for _ in range(3)] == [True, True, False]


def test_a_bucket_without_tokens_never_lets_anything_pass():
    bucket = TokenBucket(Rate(0, 1.0))
    assert (bucket.allows(50.0), bucket.retry_after_s(50.0)) == (False, float("inf"))


@given(st.integers(1, 10), st.integers(1, 1000))
def test_waiting_as_long_as_a_bucket_says_is_enough(count, start):
    bucket, now = TokenBucket(Rate(count, 1.0)), float(start)
    for _ in range(30):
        now += bucket.retry_after_s(now)
        assert bucket.allows(now)
