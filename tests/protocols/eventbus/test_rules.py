"""What facts and rules may be."""

import re

import pytest

from harness.protocols.eventbus.rules import Facts, Rules, interval_s


def test_the_defaults_are_allowed():
    assert Facts().horizons == {"5s": 3, "1m": 5}
    assert Rules().ping_every_s == 20.0


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"instruments": []}, "instruments: expected 1 to 100 keys, found 0"),
        ({"instruments": [str(n) for n in range(101)]}, "instruments: expected 1 to 100 keys, found 101"),
        ({"instruments": ["A", ""]}, "instruments: expected keys that are not empty, found ''"),
        ({"instruments": ["A", "A"]}, "instruments: expected each key once, found ['A', 'A']"),
        ({"horizons": {}}, "horizons: expected 1 to 20 intervals, found 0"),
        ({"horizons": {f"{n}s": 1 for n in range(1, 22)}}, "horizons: expected 1 to 20 intervals, found 21"),
        ({"horizons": {"1 m": 5}}, "horizons.1 m: expected an interval such as 5s, 1m or 1h, found '1 m'"),
        ({"horizons": {"0s": 5}}, "horizons.0s: expected an interval such as 5s, 1m or 1h, found '0s'"),
        ({"horizons": {"1m": 0}}, "horizons.1m: expected 1 to 100 bars, found 0"),
        ({"horizons": {"1m": 101}}, "horizons.1m: expected 1 to 100 bars, found 101"),
        ({"broker": ""}, "broker: expected a name, found ''"),
        ({"volatility": -0.1}, "volatility: expected 0 to 50, found -0.1"),
        ({"volatility": 51}, "volatility: expected 0 to 50, found 51"),
        ({"pace": 0}, "pace: expected 0.01 to 100, found 0"),
        ({"pace": 101}, "pace: expected 0.01 to 100, found 101"),
    ],
)
def test_facts_that_no_world_can_have_are_refused_in_words(facts, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        Facts(**facts)


def test_a_timer_must_take_time():
    with pytest.raises(ValueError, match="ping_every_s: expected a time above 0, found 0"):
        Rules(ping_every_s=0)


def test_only_intervals_have_a_length():
    assert interval_s("15m") == 900
    with pytest.raises(ValueError, match="expected an interval such as 5s, 1m or 1h, found 'daily'"):
        interval_s("daily")
