from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.limits import Rate, SlidingWindow

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
