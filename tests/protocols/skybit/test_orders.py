from decimal import Decimal

import pytest

from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.orders import Fill, Order, modified

LIMIT = OrderIntent("buy", 200, "AAPL", "limit", Decimal("225.10"), None, "day")
MARKET = OrderIntent("sell", 200, "AAPL", "market")


def order(of=LIMIT):
    return Order("ord-789012", "cli-123456", "origin", of, Decimal("225.10"), 90.0)


def ts(at):
    return f"at {at:g}"


COMMON = {
    "order_id": "ord-789012",
    "client_order_id": "cli-123456",
    "symbol": "AAPL",
    "side": "buy",
    "quantity": 200,
}


def test_an_acknowledged_order_tells_its_timestamps():
    what = order()
    what.acknowledge(91.0)
    assert what.status_data(ts) == {
        **COMMON,
        "status": "acknowledged",
        "filled": 0,
        "remaining": 200,
        "avg_fill_price": None,
        "timestamps": {"created": "at 90", "acknowledged": "at 91"},
    }


def test_a_partly_filled_order_tells_its_last_fill():
    what = order()
    what.fill(Fill(100, Decimal("225.09"), 105.0))
    assert what.status_data(ts) == {
        **COMMON,
        "status": "partial_fill",
        "filled": 100,
        "remaining": 100,
        "avg_fill_price": 225.09,
        "last_fill": {"quantity": 100, "price": 225.09, "timestamp": "at 105"},
    }


def test_a_filled_order_tells_its_totals_as_the_sample_does():
    what = order()
    what.fill(Fill(100, Decimal("225.09"), 105.0))
    what.fill(Fill(100, Decimal("225.10"), 120.0))
    assert what.status_data(ts) == {
        **COMMON,
        "status": "filled",
        "filled": 200,
        "remaining": 0,
        "avg_fill_price": 225.095,
        "total_commission": 1.0,
        "total_fees": 0.47,
        "net_amount": 45020.47,
    }


def test_a_sale_brings_its_value_less_the_charges():
    what = order(MARKET)
    what.fill(Fill(200, Decimal("225.10"), 120.0))
    assert what.status_data(ts)["net_amount"] == 45018.53


def test_a_cancelled_order_tells_when_and_keeps_what_was_filled():
    what = order()
    what.acknowledge(91.0)
    what.fill(Fill(100, Decimal("225.09"), 105.0))
    what.cancel(110.0)
    data = what.status_data(ts)
    assert (data["status"], data["filled"], data["remaining"], data["avg_fill_price"]) == (
        "cancelled",
        100,
        100,
        225.09,
    )
    assert data["timestamps"] == {"created": "at 90", "acknowledged": "at 91", "cancelled": "at 110"}
    assert not what.is_open


def test_an_average_that_does_not_end_is_given_to_eight_decimals():
    what = order()
    what.fill(Fill(1, Decimal("225.00"), 1.0))
    what.fill(Fill(2, Decimal("225.01"), 2.0))
    assert what.status_data(ts)["avg_fill_price"] == 225.00666667


def test_an_open_buy_sets_aside_what_it_may_still_cost():
    what = order()
    assert what.set_aside == Decimal("45021.47")
    what.fill(Fill(100, Decimal("225.00"), 1.0))
    assert what.set_aside == Decimal("22510.00") + Decimal("0.46") - Decimal("0.23")
    what.cancel(2.0)
    assert what.set_aside == 0
    assert order(MARKET).set_aside == 0


def test_a_modified_order_differs_in_what_was_modified():
    changes = {"quantity": 150.0, "limit_price": 225.00, "time_in_force": "gtc"}
    assert modified(LIMIT, changes) == OrderIntent("buy", 150, "AAPL", "limit", Decimal("225.0"), None, "gtc")
    assert modified(LIMIT, {}) == LIMIT


@pytest.mark.parametrize(("terms", "name"), [(MARKET, "limit_price"), (LIMIT, "stop_price")])
def test_a_price_that_the_order_does_not_have_cannot_be_modified(terms, name):
    with pytest.raises(Refusal, match=f"has no {name} to modify") as refusal:
        modified(terms, {name: 1.0})
    assert refusal.value.code == "INVALID_REQUEST"
