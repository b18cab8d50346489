"""Approve: modifications, what the broker refuses, and repeats."""

RESTING = "Buy 10 shares of AAPL at limit 5.00, good till cancelled"
MARKET = "Buy 50 shares of AAPL at market"


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


def test_an_order_without_a_limit_needs_more_than_its_preview_shows_and_says_why(play):
    client = play(facts={"buying_power": 2_300.0, "volatility": 0.0}).trader()
    error, _ = refused(client, "Buy 10 AAPL at market", "INSUFFICIENT_FUNDS")
    assert error["details"] == {"required": 2319.0, "available": 2300.0, "price_bound": 231.9}
    assert "sets aside 231.90 USD a share" in error["message"]


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


# Idempotency -------------------------------------------------------------------------------------


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
