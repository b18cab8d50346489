"""What variants of Skybit do where no check looks."""

import pytest

from harness import protocols
from harness.core.session import Request
from harness.protocols.skybit import PROTOCOL


@pytest.fixture
def varied(play):
    """A play of this variant of Skybit."""
    return lambda name, **more: play(protocol=protocols.variants("skybit")[name].apply(PROTOCOL), **more)


def quotes(trader, *symbols):
    trader.say("Subscribe", channels=[{"type": "quotes", "symbols": list(symbols)}])


def test_a_second_subscribe_may_replace_the_first(varied):
    play = varied("subscribe-replaces")
    trader = play.trader()
    quotes(trader, "AAPL")
    quotes(trader, "MSFT")
    play.wait(2.0)
    assert {m["data"]["symbol"] for m in trader.take_all("MarketData")} == {"MSFT"}


def test_what_is_known_may_be_subscribed_beside_what_is_not(varied):
    play = varied("subscribes-to-what-it-knows")
    trader = play.trader()
    quotes(trader, "AAPL", "NOPE")
    assert trader.take("Error")["data"]["code"] == "SYMBOL_NOT_FOUND"
    play.wait(2.0)
    assert {m["data"]["symbol"] for m in trader.take_all("MarketData")} == {"AAPL"}


def test_a_session_may_be_forgotten(varied):
    play = varied("forgets-sessions")
    first = play.trader()
    second = play.connect()
    second.auth(session=first.session_id)
    assert second.take("Auth")["session"] != first.session_id


def test_all_orders_may_mean_those_of_the_connection(varied):
    play = varied("all-orders-of-the-connection")
    one, other = play.trader(), play.trader()
    for trader in (one, other):
        trader.order("Buy 1 share of AAPL at limit 5.00, good for the day")
    one.say("Cancel", target="all_orders")
    play.wait(1.0)
    assert ("cancelled", 0) in one.statuses()
    assert ("cancelled", 0) not in other.statuses()


def test_the_eleventh_is_refused_by_http_until_another_goes(varied):
    play = varied("eleventh-by-http")
    traders = [play.trader() for _ in range(10)]
    assert play.stage.admit(Request("/artifact/v1"), 0.0).status == 429
    traders[0].link.gone(0.0)
    assert play.stage.admit(Request("/artifact/v1"), 0.0) is None


def test_fills_in_parts_may_have_another_word(varied):
    play = varied("more-words")
    trader = play.trader()
    trader.order("Buy 200 shares of AAPL at market")
    play.wait(30.0)
    words = {word for word, _ in trader.statuses()}
    assert "partial_fill_by_venue" in words
    assert "partial_fill" not in words
