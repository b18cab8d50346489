"""Paths of prices."""

import statistics
from itertools import pairwise

import pytest

from harness.protocols.eventbus.market import LEAST_PRICE, Market

LISTED = ("BTCUSDT", "ETHUSDT")


def path_of(market, instrument="BTCUSDT", seconds=600):
    return [market.price(instrument, float(second)) for second in range(seconds)]


def test_the_same_seed_gives_the_same_path_and_another_seed_another():
    assert path_of(Market(1, 1.0, LISTED)) == path_of(Market(1, 1.0, LISTED))
    assert path_of(Market(1, 1.0, LISTED)) != path_of(Market(2, 1.0, LISTED))


def test_looking_at_prices_does_not_change_them():
    watched, left_alone = Market(1, 1.0, LISTED), Market(1, 1.0, LISTED)
    path_of(watched, "ETHUSDT")
    path_of(watched)
    assert watched.price("BTCUSDT", 600.0) == left_alone.price("BTCUSDT", 600.0)


def test_prices_move_once_a_second():
    market = Market(1, 1.0, LISTED)
    moments = (5.0, 5.9, 5.9999999, 6.5)  # A rounding below the second belongs to the second.
    before, same, after, same_after = [market.price("BTCUSDT", moment) for moment in moments]
    assert before == same != after == same_after


def test_an_unknown_instrument_gets_a_price_of_its_own():
    market = Market(1, 1.0, LISTED)
    assert 20 <= market.price("NEWUSDT", 100.0) <= 2000
    assert market.price("NEWUSDT", 100.0) == Market(1, 1.0, LISTED).price("NEWUSDT", 100.0)


def test_without_volatility_prices_stand_still_wherever_they_are():
    market = Market(1, 1.0, LISTED)
    moved = path_of(market)[-1]
    market.turn(0.0, 599.0)
    assert {market.price("BTCUSDT", float(second)) for second in range(599, 900)} == {moved}
    assert market.expected("BTCUSDT", 60.0, 900.0) == 0.0
    assert market.spread(60.0) == 0.0


def test_a_new_volatility_holds_from_now_on():
    turned, calm = Market(1, 1.0, LISTED), Market(1, 1.0, LISTED)
    turned.turn(5.0, 300.0)
    assert turned.price("BTCUSDT", 300.0) == calm.price("BTCUSDT", 300.0)
    assert turned.price("BTCUSDT", 360.0) != calm.price("BTCUSDT", 360.0)


@pytest.mark.parametrize("volatility", [1.0, 3.0])
def test_returns_are_as_wide_as_the_spread_says(volatility):
    prices = path_of(Market(3, volatility, LISTED), seconds=4000)
    returns = [b / a - 1 for a, b in pairwise(prices)]
    assert statistics.stdev(returns) == pytest.approx(Market(3, volatility, LISTED).spread(1.0), rel=0.05)


def test_prices_pull_back_to_their_start():
    market = Market(1, 1.0, LISTED)
    for second in range(0, 20_000, 100):
        away = market.price("BTCUSDT", float(second)) - 42850.0
        if abs(away) > 1:
            assert away * market.expected("BTCUSDT", 300.0, float(second)) < 0
    assert abs(market.price("BTCUSDT", 86_400.0) / 42850.0 - 1) < 0.1


def test_wild_prices_stay_above_zero():
    market = Market(5, 50.0, LISTED)
    assert min(market.price("PENNY", second * 60.0) for second in range(1440)) >= LEAST_PRICE
