import itertools
import statistics

import pytest

from harness.protocols.sigmax.market import DAY_S, LISTINGS, SIGMA, Market, narrowed
from harness.protocols.sigmax.rules import Facts


def market_of(seed=1, **facts):
    facts = Facts(**facts)
    return Market(facts, seed), facts


def moved(market, facts, moments):
    """The rows after each of these moments."""
    rows = []
    for now in moments:
        market.move(facts, float(now))
        rows.append({row["symbol"]: row for row in market.rows(float(now))})
    return rows


def test_it_begins_with_the_prices_of_the_samples_and_the_facts():
    market, _ = market_of(prices={"ETH/USDT": 4000.0, "DOGE/USDT": 0.0812})
    prices = {row["symbol"]: row["price"] for row in market.rows(0.0)}
    assert list(prices) == [*LISTINGS, "DOGE/USDT"]
    assert (prices["BTC/USDT"], prices["ETH/USDT"], prices["DOGE/USDT"]) == (95000.0, 4000.0, 0.0812)


def test_the_same_seed_gives_the_same_market_and_another_another():
    runs = [moved(*market_of(seed), range(2, 100, 2)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_pair_more_does_not_disturb_the_others():
    alone, beside = (moved(*market_of(prices=prices), [2, 4])[-1] for prices in ({}, {"AAA/USDT": 1.0}))
    assert all(beside[symbol] == row for symbol, row in alone.items())


def test_moves_are_as_large_as_volatility_says():
    def spread(volatility):
        rows = moved(*market_of(volatility=volatility), range(1, 3001))
        prices = [row["BTC/USDT"]["price"] for row in rows]
        return statistics.stdev(b / a - 1 for a, b in itertools.pairwise(prices))

    assert spread(1.0) == pytest.approx(SIGMA, rel=0.05)
    assert spread(10.0) == pytest.approx(10 * SIGMA, rel=0.05)
    assert spread(0.0) == 0.0


def test_pairs_move_together_though_not_alike():
    rows = moved(*market_of(), range(1, 3001))
    moves = [
        [b[symbol]["price"] / a[symbol]["price"] for a, b in itertools.pairwise(rows)]
        for symbol in ("BTC/USDT", "ETH/USDT")
    ]
    assert 0.25 < statistics.correlation(*moves) < 0.5


def test_drift_moves_all_prices_by_its_part_each_second():
    market, facts = market_of(volatility=0.0, drift=0.001)
    rows = moved(market, facts, range(2, 62, 2))
    assert rows[-1]["BTC/USDT"]["price"] == pytest.approx(95000 * 1.001**60, rel=1e-6)


def test_a_jump_shows_in_the_change_of_the_day_at_once():
    market, _ = market_of()
    before = market.rows(0.0)[0]
    market.jump(-0.2, 0.0)
    after = market.rows(0.0)[0]
    assert after["price"] == 76000.0
    assert 1 + after["change_24h"] / 100 == pytest.approx(0.8 * (1 + before["change_24h"] / 100), abs=1e-4)


def test_prices_neither_end_at_0_nor_beyond_all_bounds():
    market, facts = market_of(drift=-0.5)
    assert all(row["price"] > 0 for row in moved(market, facts, [3600])[0].values())
    market, facts = market_of(drift=0.5)
    assert all(row["price"] <= 1e9 for row in moved(market, facts, [3600])[0].values())


def test_after_a_day_the_change_is_the_one_since_a_day_ago():
    market, facts = market_of(seed=5)
    rows = moved(market, facts, range(600, int(DAY_S) * 2 + 1, 600))
    prices = [95000.0, *(row["BTC/USDT"]["price"] for row in rows)]
    for index in (150, 200, 288):
        change = 100 * (prices[index] / prices[index - 144] - 1)
        assert rows[index - 1]["BTC/USDT"]["change_24h"] == pytest.approx(change, abs=0.011)


def test_volume_of_a_day_stays_near_what_is_usual_and_grows_with_what_happens():
    calm = moved(*market_of(seed=5), range(600, int(DAY_S) + 1, 600))[-1]["BTC/USDT"]["volume_24h"]
    wild = moved(*market_of(seed=5, volatility=10.0), range(600, int(DAY_S) + 1, 600))[-1]["BTC/USDT"]["volume_24h"]
    assert calm == pytest.approx(1_000_000, rel=0.1)
    assert wild > 3 * calm


def test_the_day_goes_on_where_nobody_moved_the_market_for_long():
    market, facts = market_of(volatility=0.0)
    row = moved(market, facts, [5 * DAY_S])[0]["BTC/USDT"]
    assert (row["price"], row["change_24h"]) == (95000.0, 0.0)


def test_a_move_is_measured_over_a_minute():
    market, facts = market_of(volatility=0.0)
    pair = market.pairs["BTC/USDT"]
    market.move(facts, 10.0)
    pair.jump(11.0, 0.1)
    for now in range(12, 70):
        market.move(facts, float(now))
    assert pair.recent_move() == pytest.approx(0.1)
    market.move(facts, 75.0)
    assert pair.recent_move() == 0.0


def test_sizes_are_in_steps_worth_some_cents():
    market, _ = market_of()
    for pair in market.pairs.values():
        step = -pair.size(pair.price * 0).as_tuple().exponent
        assert 0.009 <= float(pair.price) / 10**step <= 0.1


def test_rows_are_narrowed_to_some_symbols():
    rows = market_of()[0].rows(0.0)
    assert [row["symbol"] for row in narrowed(rows, {"ETH/USDT", "XXX/USDT"})] == ["ETH/USDT"]
