"""Subscribe, Unsubscribe, MarketData, and the orders of other connections."""

from harness.core.limits import Rate

RESTING = "Buy 10 shares of AAPL at limit 5.00, good till cancelled"


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


def test_symbols_to_be_dropped_must_be_a_list(play):
    client = play().trader()
    for wrong in (5, "AAPL", []):
        request = client.say("Unsubscribe", channels=[{"type": "quotes", "symbols": wrong}])
        assert client.error("INVALID_REQUEST", request)["details"]["field"] == "data.channels.0.symbols"


def test_one_unknown_symbol_refuses_the_whole(play):
    stage = play()
    client = stage.trader()
    request = client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL", "MSFTT"]}])
    assert client.error("SYMBOL_NOT_FOUND", request)["details"] == {"symbol": "MSFTT", "nearest": ["MSFT"]}
    request = client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["ZZZZZZZZ"]}])
    (suggestion,) = client.error("SYMBOL_NOT_FOUND", request)["suggestions"]
    assert suggestion.startswith("Use one of AAPL, GOOGL, MSFT, ")
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
