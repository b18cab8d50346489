"""Trades from Chat to filled: Plan, Preview, each type of order, and what becomes of the books."""

from decimal import Decimal

import pytest

MARKET = "Buy 50 shares of AAPL at market"


def test_the_sample_order_is_planned_as_in_the_spec(play):
    client = play().trader()
    client.chat()
    plan = client.take("Plan")["data"]
    assert plan["intent"] == "Place limit buy order for AAPL"
    assert [t["name"] for t in plan["tools"]] == ["data.snapshot", "risk.check", "trade.preview"]
    assert plan["tools"][0]["args"] == {"symbol": "AAPL", "fields": ["quote", "daily_stats"]}
    assert plan["tools"][1]["args"] == {"symbol": "AAPL", "quantity": 200, "side": "buy", "price": 225.1}
    assert plan["tools"][2]["args"] == {
        "symbol": "AAPL",
        "quantity": 200,
        "side": "buy",
        "order_type": "limit",
        "limit_price": 225.1,
        "time_in_force": "day",
    }


def test_the_sample_order_is_previewed_as_in_the_spec(play):
    client = play().trader()
    assert client.preview() == {
        "preview_id": "prev-123456",
        "headline": "Buy 200 AAPL @ $225.10 (DAY)",
        "orders": [
            {
                "symbol": "AAPL",
                "side": "buy",
                "quantity": 200,
                "order_type": "limit",
                "limit_price": 225.1,
                "time_in_force": "day",
                "estimated_total": 45020.0,
            }
        ],
        "impact": {
            "avg_price": 225.1,
            "total_value": 45020.0,
            "commission": 1.0,
            "fees": [{"type": "SEC", "amount": 0.46}, {"type": "TAF", "amount": 0.01}],
            "total_cost": 45021.47,
            "slippage_bps": 0,
            "pnl_impact": 0,
        },
        "policy": {
            "passed": True,
            "checks": [
                {"name": "position_limit", "status": "pass", "message": "Within position limits"},
                {"name": "daily_trade_limit", "status": "pass", "message": "23 of 100 daily trades used"},
                {"name": "buying_power", "status": "pass", "message": "Sufficient buying power"},
            ],
        },
        "quote": {
            "ts": "2024-01-15T10:30:00.200Z",
            "source": "nbbo:polygon",
            "bid": 225.05,
            "ask": 225.15,
            "last": 225.08,
            "volume": 42358291,
        },
        "expires_at": "2024-01-15T10:31:00.200Z",
    }


@pytest.mark.parametrize("seed", range(20))
def test_the_sample_order_is_filled_in_two_parts_within_fifteen_seconds(play, seed):
    stage = play(seed=seed)
    client = stage.trader()
    stage.wait(seed / 3)
    client.order()
    stage.wait(15.0)
    assert client.statuses() == [("partial_fill", 100), ("filled", 200)]
    account = stage.world.accounts["user-1"]
    assert account.position("AAPL").quantity == 200
    assert account.buying_power == account.cash < 55_000


def test_what_is_thought_about_takes_its_time(play):
    stage = play(facts={"think_s": 2.0})
    client = stage.trader()
    client.say("Chat", text="Buy 200 shares of AAPL at limit 225.10, good for the day")
    stage.wait(1.9)
    assert client.inbox == []
    stage.wait(0.1)
    client.take("Plan")
    stage.wait(1.9)
    assert client.inbox == []
    stage.wait(0.1)
    client.take("Preview")


# Other orders ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "headline", "price"),
    [
        ("Buy 50 shares of AAPL at market", "Buy 50 AAPL @ market (DAY)", 225.15),
        ("Sell 50 AAPL at market, gtc", "Sell 50 AAPL @ market (GTC)", 225.05),
        ("Buy 50 AAPL stop at 230.00, ioc", "Buy 50 AAPL stop $230.00 (IOC)", 230.0),
        ("Sell 50 AAPL stop 220 limit 219.50", "Sell 50 AAPL stop $220.00 limit $219.50 (DAY)", 219.5),
    ],
)
def test_each_type_of_order_is_previewed_with_its_prices(play, text, headline, price):
    client = play(facts={"positions": {"AAPL": 100}}).trader()
    preview = client.preview(text)
    assert preview["headline"] == headline
    assert preview["impact"]["avg_price"] == price
    assert preview["policy"]["passed"] is True
    assert ("limit_price" in preview["orders"][0]) == ("limit" in headline)
    assert ("stop_price" in preview["orders"][0]) == ("stop" in headline)


def test_a_market_order_slips_by_half_the_spread(play):
    client = play().trader()
    assert client.preview(MARKET)["impact"]["slippage_bps"] == 2.2


def test_a_sale_shows_what_it_earns_and_how_many_shares_there_are(play):
    client = play(facts={"positions": {"AAPL": 100}}).trader()
    preview = client.preview("Sell 50 AAPL at limit 230.08")
    assert preview["impact"]["pnl_impact"] == 250.0
    assert preview["policy"]["checks"][3] == {
        "name": "shares_available",
        "status": "pass",
        "message": "100 shares can be sold",
    }


def test_a_market_order_is_filled_at_once_and_in_at_most_three_parts(play):
    stage = play()
    client = stage.trader()
    client.order("Buy 400 shares of AAPL at market")
    stage.wait(0.1)
    assert client.statuses() == [("partial_fill", 100)]
    stage.wait(2.0)
    assert client.statuses() == [("partial_fill", 200), ("filled", 400)]


def test_a_sale_turns_shares_into_cash(play):
    stage = play(facts={"positions": {"AAPL": 100}, "volatility": 0.0, "buying_power": 0.0})
    client = stage.trader()
    client.order("Sell 100 AAPL at market")
    stage.wait(1.0)
    (filled,) = client.take_all("Status")
    assert filled["data"]["net_amount"] == 22503.76
    assert stage.world.accounts["user-1"].buying_power == Decimal("22503.76")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Buy 150 AAPL at market, immediate or cancel", [("partial_fill", 100), ("cancelled", 100)]),
        ("Buy 100 AAPL at market, fill or kill", [("filled", 100)]),
        ("Buy 150 AAPL at market, fill or kill", [("cancelled", 0)]),
        ("Buy 50 AAPL at limit 5.00, ioc", [("cancelled", 0)]),
    ],
)
def test_orders_for_now_do_not_rest(play, text, expected):
    stage = play()
    client = stage.trader()
    client.order(text)
    stage.wait(0.1)
    assert client.statuses() == expected
    account = stage.world.accounts["user-1"]
    assert account.buying_power == account.cash


def test_a_stop_order_waits_for_its_price(play):
    stage = play()
    client = stage.trader()
    client.order("Buy 50 AAPL stop at 225.20")
    while stage.price().last < Decimal("225.20"):
        assert client.inbox == []
        stage.wait(1.0)
    assert [s for s, _ in client.statuses()] == ["filled"]


@pytest.mark.parametrize(
    "text",
    [
        "Buy 1,000,000,000 shares of AAPL at market",
        "Buy 1,000,000,000 shares of AAPL at limit 1,000,000,000",
        "Buy 1 share of AAPL at limit 0.00000001",
        "Sell 1 share of AAPL stop 225.123456789",
    ],
)
def test_the_largest_and_the_smallest_orders_fit_their_messages(play, text):
    client = play(facts={"buying_power": 1e19, "positions": {"AAPL": 1}}, rules={"max_position_value": 1e19}).trader()
    assert client.order(text)["status"] == "acknowledged"
    client.play.wait(5.0)
