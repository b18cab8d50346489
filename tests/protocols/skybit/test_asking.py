"""Chat that is no order: questions, cancellations, and what is not understood."""

RESTING = "Buy 10 shares of AAPL at limit 5.00, good till cancelled"


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


def test_all_orders_of_a_symbol_are_cancelled_by_chat(play):
    client = play().trader()
    apple = [client.order(RESTING)["order_id"] for _ in range(2)]
    client.order("Buy 1 MSFT at limit 5.00")
    client.chat("Cancel all AAPL orders")
    plan = client.take("Plan")["data"]
    assert plan["intent"] == "Cancel all open AAPL orders"
    assert plan["tools"][0]["args"] == {"target": "all_orders", "symbol": "AAPL"}
    cancelled = [s["data"] for s in client.take_all("Status")]
    assert [(s["order_id"], s["status"]) for s in cancelled] == [(i, "cancelled") for i in apple]
    assert [o.terms.symbol for o in client.link.session.own.open_orders()] == ["MSFT"]
    client.chat("Cancel all AAPL orders")
    assert [m["type"] for m in client.take_all()] == ["Plan"]


def test_orders_of_one_side_are_cancelled_by_chat(play):
    client = play(facts={"positions": {"AAPL": 10}}).trader()
    sale = client.order("Sell 10 AAPL at limit 900.00")["order_id"]
    purchases = [client.order(RESTING)["order_id"] for _ in range(3)]
    client.chat("Cancel the sell order")
    client.chat("Cancel all my buy orders")
    assert [s["data"]["order_id"] for s in client.take_all("Status")] == [sale, *purchases]
    error = client.error("INVALID_REQUEST", client.say("Chat", text="Cancel the AAPL sell order"))
    assert error["message"] == "There is no open AAPL sell order to cancel"


def test_the_preview_of_a_symbol_is_cancelled_by_chat(play):
    client = play().trader()
    apple, other = client.preview(), client.preview("Buy 1 MSFT at limit 5.00")
    client.chat("Cancel the AAPL preview")
    assert client.take("Plan")["data"]["tools"][0]["args"]["preview_id"] == apple["preview_id"]
    client.approve(other)
    client.take("Status")
    client.error("INVALID_REQUEST", client.approve(apple))


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
