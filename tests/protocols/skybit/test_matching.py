from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.market import Quote
from harness.protocols.skybit.matching import MAX_FILLS, execution, reference_price, worst_price
from harness.protocols.skybit.orders import Order


def usd(text):
    return None if text is None else Decimal(text)


def terms(side="buy", kind="limit", limit="225.10", stop=None, quantity=200, tif="day"):
    limit = limit if kind in ("limit", "stop_limit") else None
    return OrderIntent(side, quantity, "AAPL", kind, usd(limit), usd(stop), tif)


def quote(bid="225.05", ask="225.15", last="225.08"):
    return Quote("AAPL", usd(bid), 300, usd(ask), 500, usd(last), 42_358_291, 0.0)


def order(of, placed_at=None):
    return Order("ord-1", "cli-1", "origin", of, worst_price(of, placed_at or quote()), 0.0)


def tried(what, at, liquidity=100):
    """The execution of an order by a quote, booked on the order."""
    fill = execution(what, at, liquidity, 1.0)
    if fill:
        what.fill(fill)
    return fill and (fill.quantity, str(fill.price))


def test_a_limit_buy_rests_until_the_ask_comes_down_to_it():
    resting = order(terms())
    assert tried(resting, quote()) is None
    assert tried(resting, quote(ask="225.11")) is None
    assert tried(resting, quote(ask="225.10")) == (100, "225.10")


def test_a_limit_sell_rests_until_the_bid_comes_up_to_it():
    resting = order(terms("sell"))
    assert tried(resting, quote(bid="225.09")) is None
    assert tried(resting, quote(bid="225.10")) == (100, "225.10")


def test_a_better_quote_improves_the_price():
    assert tried(order(terms()), quote(ask="224.00")) == (100, "224.00")
    assert tried(order(terms("sell")), quote(bid="226.00")) == (100, "226.00")


def test_a_market_order_takes_the_other_side_of_the_quote():
    assert tried(order(terms(kind="market")), quote()) == (100, "225.15")
    assert tried(order(terms("sell", "market")), quote()) == (100, "225.05")


def test_a_market_buy_waits_while_the_market_asks_much_more_than_when_it_was_placed():
    buy = order(terms(kind="market"))
    assert tried(buy, quote(ask="231.91")) is None
    assert tried(buy, quote(ask="231.90")) == (100, "231.90")


@pytest.mark.parametrize(
    ("side", "stop", "before", "after"), [("buy", "230", "229.99", "230"), ("sell", "220", "220.01", "220")]
)
def test_a_stop_order_waits_for_the_last_trade_and_stays_triggered(side, stop, before, after):
    stopped = order(terms(side, "stop", stop=stop))
    assert tried(stopped, quote(last=before)) is None
    assert tried(stopped, quote(last=after)) is not None
    assert tried(stopped, quote(last=before)) is not None


def test_a_stop_limit_order_keeps_its_limit_once_triggered():
    stopped = order(terms(kind="stop_limit", stop="226", limit="227"))
    assert tried(stopped, quote(ask="226.10", last="225.90")) is None
    assert tried(stopped, quote(ask="227.10", last="226.00")) is None
    assert tried(stopped, quote(ask="226.90", last="225.50")) == (100, "226.90")


def test_the_third_execution_takes_all_that_is_left():
    big = order(terms(quantity=1000))
    fills = [tried(big, quote(ask="225.00")) for _ in range(3)]
    assert [quantity for quantity, _ in fills] == [100, 100, 800]
    assert big.status == "filled"


def test_fill_or_kill_is_filled_by_one_quote_or_not_at_all():
    assert tried(order(terms(quantity=101, tif="fok")), quote(ask="225.00")) is None
    assert tried(order(terms(quantity=100, tif="fok")), quote(ask="225.00")) == (100, "225.00")


def test_an_order_is_reckoned_with_its_own_price_or_the_quotes():
    assert reference_price(terms(), quote()) == usd("225.10")
    assert reference_price(terms(kind="stop", stop="230"), quote()) == usd("230")
    assert reference_price(terms(kind="stop_limit", stop="226", limit="227"), quote()) == usd("227")
    assert reference_price(terms(kind="market"), quote()) == usd("225.15")
    assert reference_price(terms("sell", "market"), quote()) == usd("225.05")


def test_what_a_buy_may_cost_at_worst_is_its_limit_or_a_collar():
    assert worst_price(terms(), quote()) == usd("225.10")
    assert worst_price(terms(kind="market"), quote()) == usd("231.90")
    assert worst_price(terms(kind="stop", stop="300"), quote()) == usd("309.00")


prices = st.decimals("1.00", "500.00", places=2)
sides = st.sampled_from(["buy", "sell"])
quote_lists = st.lists(st.tuples(prices, st.decimals("0.01", "5.00", places=2)), max_size=12)


@given(sides, st.integers(1, 5000), prices, st.integers(1, 1000), quote_lists)
def test_whatever_the_market_does_an_order_adds_up(side, quantity, limit, liquidity, market):
    what = order(terms(side, quantity=quantity, limit=str(limit)))
    for bid, spread in market:
        if not what.is_open:
            break
        at = quote(str(bid), str(bid + spread), str(bid))
        fill = execution(what, at, liquidity, 1.0)
        if fill is None:
            continue
        assert fill.price == (at.ask if side == "buy" else at.bid)
        assert fill.price <= limit if side == "buy" else fill.price >= limit
        assert fill.quantity >= 1
        what.fill(fill)
        assert fill.quantity <= liquidity or len(what.fills) == MAX_FILLS
    data = what.status_data(str)
    assert data["filled"] + data["remaining"] == quantity
    assert len(what.fills) <= MAX_FILLS
    assert data["status"] == ("filled" if data["remaining"] == 0 else "partial_fill" if what.fills else "pending")
    if what.fills:
        exact = sum(f.quantity * f.price for f in what.fills) / sum(f.quantity for f in what.fills)
        assert abs(Decimal(str(data["avg_fill_price"])) - exact) <= Decimal("0.00000001")
        assert min(f.price for f in what.fills) <= exact <= max(f.price for f in what.fills)
    else:
        assert data["avg_fill_price"] is None
