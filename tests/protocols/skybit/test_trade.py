"""Trades: Chat, Plan, Preview, Approve, Cancel, Status, and what becomes of the books."""

from decimal import Decimal

import pytest

from harness.core.limits import Rate

RESTING = "Buy 10 shares of AAPL at limit 5.00, good till cancelled"
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


# Other orders -----------------------------------------------------------------------------------


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


# Approve ----------------------------------------------------------------------------------------


def test_an_approval_may_modify_the_order(play):
    client = play().trader()
    client.approve(client.preview(), modifications={"quantity": 150, "limit_price": 225.00, "time_in_force": "gtc"})
    assert client.take("Status")["data"]["quantity"] == 150
    order = client.link.session.own.orders["ord-789012"]
    assert (str(order.terms.limit_price), order.terms.time_in_force) == ("225.0", "gtc")


def test_a_price_that_the_order_lacks_cannot_be_modified(play):
    client = play().trader()
    preview = client.preview(MARKET)
    client.error("INVALID_REQUEST", client.approve(preview, modifications={"limit_price": 225.0}))
    client.approve(preview, modifications=None)
    client.take("Status")


def test_a_preview_is_approved_once(play):
    client = play().trader()
    preview = client.preview(RESTING)
    client.approve(preview)
    client.take("Status")
    error = client.error("INVALID_REQUEST", client.approve(preview))
    assert error["details"] == {"preview_id": preview["preview_id"], "preview": "used"}
    assert client.inbox == []


def test_a_preview_expires(play):
    stage = play()
    client = stage.trader()
    preview = client.preview()
    stage.wait(30.0)
    client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    stage.wait(30.0)
    error = client.error("INVALID_REQUEST", client.approve(preview))
    assert error["details"]["preview"] == "expired"


def test_the_clients_own_name_of_an_order_is_kept_and_else_one_is_made(play):
    client = play().trader()
    assert client.order(RESTING, client_order_id="cli-unique-123")["client_order_id"] == "cli-unique-123"
    assert client.order(RESTING)["client_order_id"] == "cli-123456"


def refused(client, text, code):
    """The Error about the Approve of this order, whose Preview must have shown it."""
    preview = client.preview(text)
    assert preview["policy"]["passed"] is False
    error = client.error(code, client.approve(preview))
    assert client.inbox == []
    failed = [check for check in preview["policy"]["checks"] if check["status"] == "fail"]
    return error, failed


def test_funds_must_suffice(play):
    client = play(facts={"buying_power": 10_000.0}).trader()
    error, failed = refused(client, "Buy 200 shares of AAPL at limit 225.10", "INSUFFICIENT_FUNDS")
    assert error["message"] == "Insufficient buying power for this order"
    assert error["details"] == {"required": 45020.0, "available": 10000.0}
    assert error["suggestions"] == ["Reduce order quantity", "Deposit additional funds", "Close existing positions"]
    assert failed == [{"name": "buying_power", "status": "fail", "message": error["message"]}]


def test_funds_must_suffice_for_the_charges_too(play):
    client = play(facts={"buying_power": 45_021.46}).trader()
    error, _ = refused(client, "Buy 200 shares of AAPL at limit 225.10", "INSUFFICIENT_FUNDS")
    assert error["details"] == {"required": 45021.47, "available": 45021.46}
    enough = play(facts={"buying_power": 45_021.47}).trader()
    assert enough.order()["status"] == "acknowledged"


def test_open_orders_take_funds_until_they_are_cancelled(play):
    client = play(facts={"buying_power": 1_000.0}).trader()
    text = "Buy 100 shares of AAPL at limit 6.00"
    status = client.order(text)
    error, _ = refused(client, text, "INSUFFICIENT_FUNDS")
    assert error["details"] == {"required": 600.0, "available": 398.98}
    client.say("Cancel", target="order", order_id=status["order_id"])
    client.order(text)


def test_positions_are_limited(play):
    client = play(facts={"positions": {"AAPL": 100}}, rules={"max_position_value": 30_000.0}).trader()
    error, failed = refused(client, "Buy 100 AAPL at limit 225.00", "POSITION_LIMIT")
    assert error["details"] == {"symbol": "AAPL", "limit": 30000.0, "would_be": 45008.0}
    assert [check["name"] for check in failed] == ["position_limit"]
    client.order("Buy 10 AAPL at limit 225.00")
    client.order("Buy 100 MSFT at limit 5.00")


def test_funds_are_examined_before_positions(play):
    client = play().trader()
    refused(client, "Buy 1000 AAPL at limit 225.00", "INSUFFICIENT_FUNDS")


def test_only_shares_that_are_held_can_be_sold(play):
    client = play(facts={"positions": {"AAPL": 100}}).trader()
    client.order("Sell 60 AAPL at limit 900.00")
    error, failed = refused(client, "Sell 41 AAPL at market", "ORDER_REJECTED")
    assert error["details"] == {"reason": "shares_available", "required": 41, "available": 40}
    assert [check["name"] for check in failed] == ["shares_available"]
    client.order("Sell 40 AAPL at limit 900.00")


def test_orders_per_day_are_limited_and_another_day_begins_anew(play):
    stage = play(
        facts={"orders_today": 99, "quotes_every_s": 60.0}, rules={"idle_timeout_s": 1e6, "session_life_s": 1e6}
    )
    client = stage.trader()
    client.order(RESTING)
    error, _ = refused(client, RESTING, "ORDER_REJECTED")
    assert error["recoverable"] is False
    assert error["details"] == {"reason": "daily_trade_limit", "used": 100, "limit": 100}
    stage.wait(13.5 * 3600)
    client.order(RESTING)


def test_a_closed_market_takes_no_orders_but_previews_them(play):
    client = play(facts={"market": "closed"}).trader()
    error, failed = refused(client, "Buy 1 AAPL at limit 225.00", "MARKET_CLOSED")
    assert error["details"] == {"market": "closed", "opens_at": "2024-01-15T14:30:00.000Z"}
    assert [check["name"] for check in failed] == ["market_hours"]


def test_when_the_market_closes_day_orders_end_and_nothing_trades(play):
    stage = play(facts={"closes_at_s": 5.0})
    client = stage.trader()
    day = client.order("Buy 10 AAPL at limit 5.00, good for the day")
    client.order("Buy 10 AAPL at limit 5.00, good till cancelled")
    stage.wait(4.0)
    preview = client.preview(MARKET + ", good till cancelled")
    stage.wait(1.0)
    cancelled = client.take("Status")["data"]
    assert (cancelled["order_id"], cancelled["status"]) == (day["order_id"], "cancelled")
    client.error("MARKET_CLOSED", client.approve(preview))


def test_an_order_placed_just_before_the_close_rests(play):
    stage = play(facts={"closes_at_s": 1.0, "think_s": 0.25})
    client = stage.trader()
    client.say("Chat", text=MARKET + ", good till cancelled")
    stage.wait(0.9)
    client.approve(client.take_all("Preview")[0]["data"])
    stage.wait(5.0)
    assert client.statuses() == [("acknowledged", 0)]


def test_the_broker_may_reject_every_order(play):
    client = play(facts={"reject_orders": "Symbol is restricted"}).trader()
    error, failed = refused(client, MARKET, "ORDER_REJECTED")
    assert error["message"] == "Symbol is restricted"
    assert [check["name"] for check in failed] == ["broker"]


# Idempotency ------------------------------------------------------------------------------------


def test_a_repeat_with_the_same_key_gets_the_order_as_it_stands(play):
    stage = play()
    client = stage.trader()
    preview = client.preview(MARKET)
    client.approve(preview, idem_key="k", client_order_id="cli-first")
    client.approve(preview, idem_key="k", client_order_id="cli-second", modifications={"quantity": 7})
    stage.wait(1.0)
    statuses = [s["data"] for s in client.take_all("Status")]
    assert {s["order_id"] for s in statuses} == {"ord-789012"}
    assert {s["client_order_id"] for s in statuses} == {"cli-first"}
    client.approve({"preview_id": "prev-unknown"}, idem_key="k")
    assert client.take("Status")["data"]["status"] == "filled"
    assert len(stage.world.accounts["user-1"].orders) == 1


def test_a_key_holds_for_the_user_on_every_connection_and_for_a_day(play):
    patience = {"idle_timeout_s": 1e6, "session_life_s": 1e6, "preview_life_s": 1e6}
    stage = play(facts={"quotes_every_s": 60.0}, rules=patience)
    first, again, other = stage.trader(), stage.trader(), stage.trader("demo-user-2")
    order = first.order(RESTING, idem_key="k")
    preview, others = again.preview(RESTING), other.preview(RESTING)
    stage.wait(86_399)
    again.approve(preview, idem_key="k")
    assert again.take("Status")["data"]["order_id"] == order["order_id"]
    other.approve(others, idem_key="k")
    assert other.take("Status")["data"]["order_id"] != order["order_id"]
    stage.wait(1.0)
    again.approve(preview, idem_key="k")
    assert again.take("Status")["data"]["order_id"] != order["order_id"]


def test_a_refused_approval_is_not_remembered(play):
    client = play(facts={"buying_power": 1000.0}).trader()
    preview = client.preview("Buy 200 AAPL at limit 6.00")
    client.error("INSUFFICIENT_FUNDS", client.approve(preview, idem_key="k"))
    client.approve(preview, idem_key="k", modifications={"quantity": 100})
    assert client.take("Status")["data"]["quantity"] == 100


# Cancel -----------------------------------------------------------------------------------------


def test_a_cancelled_preview_cannot_be_approved_and_nothing_else_is_said(play):
    client = play().trader()
    preview = client.preview()
    client.say("Cancel", target="preview", preview_id=preview["preview_id"])
    assert client.inbox == []
    assert client.error("INVALID_REQUEST", client.approve(preview))["details"]["preview"] == "cancelled"
    client.error("INVALID_REQUEST", client.say("Cancel", target="preview", preview_id=preview["preview_id"]))


def test_a_cancelled_order_says_so_and_is_not_filled(play):
    stage = play()
    client = stage.trader()
    order = client.order()
    client.say("Cancel", target="order", order_id=order["order_id"])
    status = client.take("Status")["data"]
    assert (status["status"], status["filled"], status["remaining"]) == ("cancelled", 0, 200)
    assert list(status["timestamps"]) == ["created", "acknowledged", "cancelled"]
    stage.wait(30.0)
    assert client.inbox == []
    client.error("ORDER_REJECTED", client.say("Cancel", target="order", order_id=order["order_id"]))


def test_an_order_may_be_cancelled_before_it_is_acknowledged(play):
    stage = play(facts={"think_s": 1.0})
    client = stage.trader()
    client.say("Chat", text=RESTING)
    stage.wait(2.0)
    client.say("Approve", preview_id=client.take_all("Preview")[0]["data"]["preview_id"])
    client.say("Cancel", target="all_orders")
    stage.wait(5.0)
    (status,) = client.take_all("Status")
    assert list(status["data"]["timestamps"]) == ["created", "cancelled"]


def test_unknown_orders_and_those_of_others_cannot_be_cancelled(play):
    stage = play()
    client = stage.trader()
    order = client.order(RESTING)
    other = stage.trader("demo-user-2")
    for order_id in ("ord-000000", order["order_id"]):
        other.error("INVALID_REQUEST", other.say("Cancel", target="order", order_id=order_id))


def test_all_orders_are_cancelled_together_or_none_in_silence(play):
    client = play().trader()
    client.say("Cancel", target="all_orders")
    assert client.inbox == []
    ids = [client.order(RESTING)["order_id"] for _ in range(3)]
    client.say("Cancel", target="all_orders")
    cancelled = [s["data"] for s in client.take_all("Status")]
    assert [(s["order_id"], s["status"]) for s in cancelled] == [(i, "cancelled") for i in ids]


# Chat -------------------------------------------------------------------------------------------


def test_a_question_about_quotes_is_planned_without_a_preview(play):
    stage = play()
    client = stage.trader()
    client.chat("What are AAPL and MSFT trading at?")
    stage.wait(1.0)
    (plan,) = client.take_all()
    assert plan["data"]["intent"] == "Show quotes for AAPL, MSFT"
    assert plan["data"]["tools"][0]["purpose"] == "Get current quote: bid 225.05, ask 225.15, last 225.08"


def test_a_question_about_positions_is_answered_from_the_books(play):
    client = play(facts={"positions": {"AAPL": 30}}).trader()
    client.chat("What are my positions?")
    (tool,) = client.take("Plan")["data"]["tools"]
    assert tool == {
        "name": "portfolio.positions",
        "args": {},
        "purpose": "Get positions: 30 AAPL, buying power 100000.00 USD",
    }
    client.chat("How many shares of MSFT do I own?")
    (tool,) = client.take("Plan")["data"]["tools"]
    assert tool["args"] == {"symbols": ["MSFT"]}
    assert "no shares" in tool["purpose"]


def test_an_unknown_symbol_is_an_error_at_once(play):
    client = play().trader()
    request = client.say("Chat", text="Buy 10 shares of AAPLE")
    error = client.error("SYMBOL_NOT_FOUND", request)
    assert error["details"] == {"symbol": "AAPLE", "nearest": ["AAPL"]}
    assert error["suggestions"] == ["Did you mean AAPL?"]


def test_nonsense_is_an_error_that_shows_what_would_be_understood(play):
    client = play().trader()
    error = client.error("INVALID_REQUEST", client.say("Chat", text="lorem ipsum"))
    assert error["details"] == {"text": "lorem ipsum"}
    assert error["suggestions"]


def test_orders_are_cancelled_by_chat(play):
    client = play().trader()
    first, second = client.order(RESTING), client.order(RESTING)
    client.chat("Cancel my AAPL order")
    assert client.take("Plan")["data"]["tools"][0]["args"] == {"target": "order", "order_id": second["order_id"]}
    assert client.take("Status")["data"]["order_id"] == second["order_id"]
    client.chat("Cancel all orders")
    assert client.take("Plan")["data"]["intent"] == "Cancel all open orders"
    assert client.take("Status")["data"]["order_id"] == first["order_id"]
    client.error("INVALID_REQUEST", client.say("Chat", text="Cancel my order"))


def test_a_preview_is_cancelled_by_chat(play):
    client = play().trader()
    preview = client.preview()
    client.chat("Cancel the preview")
    client.take("Plan")
    assert client.error("INVALID_REQUEST", client.approve(preview))["details"]["preview"] == "cancelled"
    client.error("INVALID_REQUEST", client.say("Chat", text="Cancel the preview"))


def test_an_order_that_ends_while_its_cancellation_is_planned_cannot_be_cancelled(play):
    stage = play()
    client = stage.trader()
    order = client.order(RESTING)
    request = client.say("Chat", text=f"Cancel order {order['order_id']}")
    client.say("Cancel", target="all_orders")
    stage.wait(1.0)
    assert client.statuses() == [("cancelled", 0)]
    client.error("ORDER_REJECTED", request)


def test_context_has_no_visible_effect(play):
    client = play().trader()
    client.say("Chat", text="Buy 1 AAPL at limit 5.00", context={"positions": True, "recent_orders": True})
    client.play.wait(0.2)
    client.take("Preview")


# Subscriptions ----------------------------------------------------------------------------------


def symbols(client):
    """The symbols of the quotes not taken yet."""
    return {m["data"]["symbol"] for m in client.take_all("MarketData")}


def test_quotes_stream_after_subscribe_and_stop_after_unsubscribe(play):
    stage = play()
    client = stage.trader()
    client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
    assert client.inbox == []
    stage.wait(1.0)
    quote, now = client.take("MarketData")["data"], stage.price()
    assert quote == {
        "type": "quote",
        "symbol": "AAPL",
        "bid": float(now.bid),
        "bid_size": now.bid_size,
        "ask": float(now.ask),
        "ask_size": now.ask_size,
        "last": float(now.last),
        "volume": now.volume,
        "timestamp": "2024-01-15T10:30:01.000Z",
        "source": "polygon",
    }
    client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["MSFT"]}])
    stage.wait(1.0)
    assert symbols(client) == {"AAPL", "MSFT"}
    client.say("Unsubscribe", channels=["quotes"])
    stage.wait(5.0)
    assert client.inbox == []


def test_one_symbol_is_dropped_in_the_form_of_subscribe(play):
    stage = play()
    client = stage.trader()
    client.say("Subscribe", channels=[{"type": "quotes", "all": True}])
    stage.wait(1.0)
    assert symbols(client) == set(stage.world.market.listings)
    client.say("Unsubscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}, "positions"])
    stage.wait(1.0)
    assert symbols(client) == set(stage.world.market.listings) - {"AAPL"}


def test_one_unknown_symbol_refuses_the_whole(play):
    stage = play()
    client = stage.trader()
    request = client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL", "MSFTT"]}])
    assert client.error("SYMBOL_NOT_FOUND", request)["details"] == {"symbol": "MSFTT", "nearest": ["MSFT"]}
    request = client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["ZZZZZZZZ"]}])
    assert client.error("SYMBOL_NOT_FOUND", request)["suggestions"] == ["Check the symbol"]
    stage.wait(1.0)
    assert client.inbox == []


def test_the_channel_orders_tells_of_orders_on_other_connections(play):
    stage = play()
    trader, follower, stranger = stage.trader(), stage.trader(), stage.trader("demo-user-2")
    for client in (follower, stranger):
        client.say("Subscribe", channels=[{"type": "orders", "all": True}, {"type": "positions", "all": True}])
    order = trader.order(RESTING)
    assert follower.take("Status")["data"] == order
    follower.say("Unsubscribe", channels=["orders"])
    trader.say("Cancel", target="all_orders")
    trader.take("Status")
    assert follower.inbox == stranger.inbox == []


def test_own_orders_report_on_a_resumed_session(play):
    stage = play()
    client = stage.trader()
    client.order(RESTING)
    client.link.gone(stage.now)
    again = stage.connect()
    again.auth("demo-user-1", session=client.session_id)
    again.take("Auth")
    again.say("Cancel", target="all_orders")
    assert again.statuses() == [("cancelled", 0)]


def test_a_storm_of_quotes_is_no_matter(play):
    stage = play(facts={"quotes_every_s": 0.01}, rules={"messages": Rate(5, 60.0)})
    client = stage.trader()
    client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
    stage.wait(5.0)
    assert len(client.take_all("MarketData")) == 500
