"""One symbol's market: prices move as the facts say, and what is measured of them is measured of the shown prices."""

import math
from dataclasses import replace
from itertools import pairwise
from statistics import pstdev

import pytest

from harness.protocols.brainstream.market import LISTINGS, PRICE_LEAST, PRICE_MOST, SPEED_OF_NOISE, Market
from harness.protocols.brainstream.rules import REGIMES, Facts
from harness.protocols.brainstream.tail import WINDOW, Tail

STILL = Facts(volatility=0)


def market(facts=None, seed="1"):
    facts = facts or Facts()
    return Market(facts.symbol, facts.price, facts, seed)


def run(market, facts, ticks):
    """The prices of so many ticks, the present one first."""
    prices = [market.price]
    for _ in range(ticks):
        market.tick(facts)
        prices.append(market.price)
    return prices


def test_it_begins_at_the_price_of_the_facts_with_a_history_behind_it():
    fresh = market()
    assert fresh.price == 450.32
    assert fresh.regime == "Gaussian"
    assert 2 < fresh.tail.alpha < 10
    assert abs(fresh.motion.position - 450.32) < 0.5


@pytest.mark.parametrize("regime", REGIMES)
def test_a_regime_of_the_facts_reigns_from_the_start_and_remains(regime):
    facts = Facts(regime=regime)
    fixed = market(facts)
    for _ in range(2000):
        assert fixed.regime == regime
        fixed.tick(facts)


@pytest.mark.parametrize("seed", range(20))
def test_the_tail_is_that_of_the_prices_that_were_shown(seed):
    facts = Facts(regime="Lévy Stable")
    ours = market(facts, str(seed))
    prices = run(ours, facts, WINDOW + 50)
    theirs = Tail()
    for before, after in pairwise(prices):
        theirs.add(math.log(after / before))
    assert ours.tail.alpha == theirs.alpha
    assert ours.data()["alpha"] == round(theirs.alpha, 3)


def test_without_volatility_prices_stand_still_and_there_is_no_motion():
    still = market(STILL)
    assert set(run(still, STILL, 100)) == {450.32}
    assert still.data() == {
        "symbol": "SPY",
        "price": 450.32,
        "alpha": 20.0,
        "regime": "Gaussian",
        "velocity": 0.0,
        "acceleration": 0.0,
    }
    assert still.momentum == 0


@pytest.mark.parametrize("drift", [-1e-4, 1e-4, 5e-4])
def test_velocity_tracks_a_pure_drift(drift):
    still = market(STILL)
    run(still, replace(STILL, drift=drift), 300)
    assert still.motion.velocity == pytest.approx(drift * still.price, rel=0.05)


def test_a_wilder_market_moves_more():
    def spread(volatility):
        facts = Facts(regime="Gaussian", volatility=volatility)
        prices = run(market(facts), facts, 1000)
        return pstdev(math.log(after / before) for before, after in pairwise(prices))

    assert spread(1.0) == pytest.approx(2e-4, rel=0.1)
    assert spread(10.0) == pytest.approx(2e-3, rel=0.1)


def test_a_jump_happens_once_and_stays():
    still = market(STILL)
    still.jump(-0.1)
    prices = run(still, STILL, 5)
    assert prices == [450.32] + [405.29] * 5
    assert still.change == 0


def test_two_jumps_before_a_tick_are_both_made():
    still = market(STILL)
    still.jump(1.0)
    still.jump(-0.5)
    assert run(still, STILL, 2) == [450.32] * 3


@pytest.mark.parametrize(("drift", "bound"), [(-0.5, PRICE_LEAST), (0.5, PRICE_MOST)])
def test_prices_stay_within_their_bounds_and_numbers_finite(drift, bound):
    wild = market()
    facts = Facts(drift=drift, volatility=100)
    assert run(wild, facts, 200)[-1] == pytest.approx(bound, rel=0.9)
    assert all(math.isfinite(value) for value in wild.data().values() if isinstance(value, float))


@pytest.mark.parametrize("price", [0.01, 0.5, 3.0, 50.0, 1e6])
def test_prices_of_any_size_have_steps_fine_enough_for_their_moves(price):
    facts = Facts(price=price, cash=1e9, regime="Gaussian")
    prices = run(market(facts), facts, 500)
    assert len(set(prices)) > 30
    assert all(value > 0 for value in prices)


@pytest.mark.parametrize("price", [0.02, 3.0, 450.32])
def test_the_motion_of_cheap_shares_is_told_as_finely_as_that_of_dear_ones(price):
    facts = Facts(price=price, regime="Gaussian")
    one = market(facts)
    run(one, facts, 20)
    data = one.data()
    assert data["velocity"] == pytest.approx(one.motion.velocity, rel=0.01)
    assert data["acceleration"] == pytest.approx(one.motion.acceleration, rel=0.01)


def test_of_a_pure_random_walk_the_momentum_is_usually_about_one():
    facts = Facts(regime="Gaussian")
    one = market(facts)
    run(one, facts, 300)
    momenta = []
    for _ in range(20_000):
        one.tick(facts)
        momenta.append(one.momentum)
    assert pstdev(momenta) == pytest.approx(1.0, rel=0.15)
    assert 0 < SPEED_OF_NOISE < 1


def test_entering_a_regime_lasts_until_it_ends_by_chance():
    one = market()
    one.enter("Critical")
    assert one.regime == "Critical"
    run(one, Facts(), 1000)
    assert one.regime in REGIMES


def test_each_symbol_and_seed_has_prices_of_its_own():
    facts = Facts()
    runs = [run(Market(symbol, 100.0, facts, seed), facts, 50) for symbol in ("SPY", "QQQ") for seed in ("1", "2")]
    assert len({tuple(prices) for prices in runs}) == 4
    assert LISTINGS["SPY"] == facts.price
