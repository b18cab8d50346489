from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocols.skybit.listings import LISTINGS
from harness.protocols.skybit.market import Market
from harness.protocols.skybit.rules import Facts


def quotes(seconds, symbol="AAPL", seed=1, **facts):
    market = Market(Facts(**facts), seed)
    return [market.quote(symbol, float(second)) for second in range(seconds)]


def test_the_market_begins_with_the_sample_quote():
    quote = Market(Facts(), 7).quote("AAPL", 0.0)
    assert (quote.bid, quote.ask, quote.last) == (Decimal("225.05"), Decimal("225.15"), Decimal("225.08"))
    assert quote.volume == 42_358_291


@given(st.integers(0, 2**64 - 1), st.sampled_from(sorted(LISTINGS)), st.integers(0, 10**6))
def test_every_quote_is_one_that_an_exchange_could_give(seed, symbol, number):
    market = Market(Facts(), seed)
    quote, following = market.quote(symbol, number), market.quote(symbol, number + 1)
    assert 0 < quote.bid < quote.ask
    assert quote.bid <= quote.last <= quote.ask
    assert quote.bid == quote.bid.quantize(Decimal("0.01"))
    assert all(size % 100 == 0 and 100 <= size <= 900 for size in (quote.bid_size, quote.ask_size))
    assert following.volume >= quote.volume


@given(st.floats(0, 1000), st.floats(0.05, 1_000_000))
def test_no_volatility_brings_a_price_to_nothing(volatility, price):
    for quote in quotes(20, "NEW", volatility=volatility, prices={"NEW": price}):
        assert 0 < quote.bid < quote.ask


@pytest.mark.parametrize("seed", range(20))
def test_prices_swing_around_their_start(seed):
    asks = [quote.ask for quote in quotes(60, seed=seed)]
    for begin in range(45):
        window = asks[begin : begin + 15]
        assert sum(ask <= Decimal("225.10") for ask in window) >= 2
        assert max(window) >= Decimal("225.12")
    assert all(Decimal("224.85") < ask < Decimal("225.35") for ask in asks)


def test_spreads_and_sizes_vary():
    seen = quotes(100)
    assert len({q.ask - q.bid for q in seen}) > 3
    assert len({q.bid_size for q in seen}) > 3


def test_a_quote_depends_on_seed_symbol_and_time_alone():
    market = Market(Facts(), 3)
    later_first = market.quote("MSFT", 900.0)
    market.quote("AAPL", 5.0)
    assert Market(Facts(), 3).quote("MSFT", 900.0) == later_first
    assert Market(Facts(), 4).quote("MSFT", 900.0) != later_first


def test_a_quote_stands_until_the_next():
    market = Market(Facts(quotes_every_s=0.1), 1)
    assert market.quote("AAPL", 0.35) == market.quote("AAPL", 0.3) == market.quote("AAPL", 3 * 0.1)
    assert market.quote("AAPL", 0.35).at == pytest.approx(0.3)
    assert market.quote("AAPL", 0.4).at == pytest.approx(0.4)


def test_volatility_zero_holds_prices_still_but_trade_goes_on():
    seen = quotes(50, volatility=0.0)
    assert len({(q.bid, q.ask, q.last) for q in seen}) == 1
    assert seen[-1].volume > seen[0].volume


def test_volatility_multiplies_the_moves():
    def reach(volatility):
        asks = [q.ask for q in quotes(60, volatility=volatility)]
        return max(asks) - min(asks)

    assert reach(10.0) > 5 * reach(1.0)


def test_facts_set_prices_and_add_symbols():
    market = Market(Facts(prices={"AAPL": 300.0, "ACME": 10.0}), 1)
    assert market.quote("AAPL", 0.0).last == Decimal("300.00")
    assert market.quote("ACME", 0.0).last == Decimal("10.00")
    assert market.names["ACME"] == ("ACME",)
    assert "Apple" in market.names["AAPL"]


def test_an_unknown_symbol_has_no_quote():
    with pytest.raises(KeyError):
        Market(Facts(), 1).quote("NOPE", 0.0)


def test_a_closed_market_keeps_its_last_quote():
    closed = Market(Facts(market="closed"), 1)
    assert not closed.is_open(0.0)
    assert closed.quote("AAPL", 500.0) == closed.quote("AAPL", 0.0)
    closing = Market(Facts(closes_at_s=10.0), 1)
    assert closing.is_open(9.9)
    assert not closing.is_open(10.0)
    assert closing.quote("AAPL", 11.0) == closing.quote("AAPL", 10.0) != closing.quote("AAPL", 9.0)
