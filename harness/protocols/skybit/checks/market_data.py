"""Market Data Updates: the members of a quote, and that quotes go on."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import field_of
from harness.protocols.skybit.checks.auth import quotes
from harness.protocols.skybit.checks.subscription import next_quote
from harness.protocols.skybit.checks.trades import (
    is_not_negative,
    is_positive,
    is_text,
    is_timestamp,
    members,
    moment,
    numbers,
)
from harness.protocols.skybit.lab import SkybitPeer

QUOTES = 5  # How many must come before they count as a stream.


@check("SKY-MD-01")
def the_type_is_quote(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.type", lambda v: v == "quote", '"quote"')


@check("SKY-MD-02")
def the_symbol_is_named(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.symbol", is_text, "a string that is not empty")


@check("SKY-MD-03")
def the_bid_is_a_price(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.bid", is_positive, "a number above 0")


@check("SKY-MD-04")
def the_ask_is_a_price(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.ask", is_positive, "a number above 0")


@check("SKY-MD-05")
def the_last_is_a_price(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.last", is_positive, "a number above 0")


@check("SKY-MD-06")
def the_bid_has_a_size(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.bid_size", is_not_negative, "a number, 0 or more")


@check("SKY-MD-07")
def the_ask_has_a_size(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.ask_size", is_not_negative, "a number, 0 or more")


@check("SKY-MD-08")
def the_volume_is_told(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.volume", is_not_negative, "a number, 0 or more")


@check("SKY-MD-09")
def the_time_is_told(conversation: Conversation) -> Iterator[None]:
    """Every MarketData; any precision will do."""
    yield from members(conversation, "MarketData", "data.timestamp", is_timestamp, "an RFC 3339 timestamp")


@check("SKY-MD-10")
def the_source_is_told(conversation: Conversation) -> Iterator[None]:
    """Every MarketData."""
    yield from members(conversation, "MarketData", "data.source", lambda v: isinstance(v, str), "a string")


@check("SKY-MD-11")
def the_bid_is_not_above_the_ask(conversation: Conversation) -> Iterator[None]:
    """Every MarketData that has both."""
    for quote in conversation.received("MarketData"):
        prices = numbers(quote, "data.bid", "data.ask")
        if prices is not None:
            yield expect(prices[0] <= prices[1], "a bid not above the ask", quote)


@check("SKY-MD-12")
def the_times_of_a_symbol_never_go_back(conversation: Conversation) -> Iterator[None]:
    """Every MarketData of a symbol, against the one before."""
    latest: dict[str, float] = {}
    for quote in conversation.received("MarketData"):
        symbol, at = str(field_of(quote, "data.symbol")), moment(field_of(quote, "data.timestamp"))
        if at is not None:
            yield expect(at >= latest.get(symbol, at), "a timestamp not before that of the quote before", quote)
            latest[symbol] = at


@check("SKY-MD-13", lasts_s=10)
async def quotes_go_on_coming(trader: SkybitPeer) -> None:
    """Subscribe to one symbol, and wait for five quotes."""
    symbol = trader.lab.symbol
    with given("a quote"):
        await trader.say("Subscribe", channels=quotes(symbol))
        await next_quote(trader, symbol)
    for _ in range(QUOTES - 1):
        expect(await next_quote(trader, symbol), f"another quote of {symbol}")
