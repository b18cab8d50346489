"""Subscription Management: what is delivered, to whom, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.conformance.check import Unobserved, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.auth import QUOTE_S, quotes
from harness.protocols.skybit.checks.errors import NO_SYMBOL
from harness.protocols.skybit.checks.probing import accepted, refused
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer

GRACE_S = 1.0  # Quotes may be under way when the Unsubscribe arrives.
SILENCE_S = 3.0  # How long none may come after that.

ORDERS: Message = {"type": "orders", "all": True}
POSITIONS: Message = {"type": "positions", "all": True}


async def next_quote(trader: SkybitPeer, symbol: str) -> Message:
    """The next MarketData of this symbol."""
    return await trader.receive("MarketData", where=lambda m: field_of(m, "data.symbol") == symbol, within_s=QUOTE_S)


@check("SKY-SUB-01")
async def quotes_come_for_every_symbol(trader: SkybitPeer) -> None:
    """Subscribe to up to three symbols of the profile."""
    symbols = trader.lab.profile.symbols[:3]
    await trader.say("Subscribe", channels=quotes(*symbols))
    for symbol in symbols:
        expect(await next_quote(trader, symbol), f"a quote of {symbol}")


@check("SKY-SUB-01")
async def quotes_come_beside_other_channels(trader: SkybitPeer) -> None:
    """Subscribe to orders, and then to quotes."""
    await trader.say("Subscribe", channels=[ORDERS])
    await trader.say("Subscribe", channels=quotes(trader.lab.symbol))
    expect(await next_quote(trader, trader.lab.symbol), f"a quote of {trader.lab.symbol}")


@check("SKY-SUB-02")
def quotes_come_only_for_symbols_subscribed_to(conversation: Conversation) -> Iterator[None]:
    """Every MarketData, against what the connection had subscribed to by then."""
    if conversation.dropped:
        return  # The Subscribe may not be in this record.
    wanted: set[str] = set()
    everything = False
    for _, message in conversation.messages(None, "Subscribe", "MarketData"):
        if message["type"] == "Subscribe":
            for channel in quotes_in(message):
                symbols = channel.get("symbols")
                everything = everything or not isinstance(symbols, list)
                wanted.update(map(str, symbols if isinstance(symbols, list) else ()))
        elif not everything:
            symbol = field_of(message, "data.symbol")
            yield expect(str(symbol) in wanted, "a symbol that the client subscribed to", message)


def quotes_in(subscribe: Message) -> list[Message]:
    """The channels of quotes that a Subscribe names."""
    channels = field_of(subscribe, "data.channels")
    objects = [c for c in channels if isinstance(c, dict)] if isinstance(channels, list) else []
    return [c for c in objects if c.get("type") == "quotes"]


@check("SKY-SUB-03")
async def quotes_end_with_unsubscribe(trader: SkybitPeer) -> None:
    """Unsubscribe while quotes come."""
    with given("quotes"):
        await trader.say("Subscribe", channels=quotes(trader.lab.symbol))
        await next_quote(trader, trader.lab.symbol)
    await trader.say("Unsubscribe", channels=["quotes"])
    await trader.pause(GRACE_S)
    before = len(trader.conversation.received("MarketData"))
    await trader.pause(SILENCE_S)
    after = trader.conversation.received("MarketData")[before:]
    expect(not after, f"no MarketData from {GRACE_S:g} s after the Unsubscribe on", after[0] if after else None)


@check("SKY-SUB-04")
async def orders_may_be_subscribed_to(trader: SkybitPeer) -> None:
    """Subscribe to all orders; no Error may come."""
    await accepted(trader, trader.envelope("Subscribe", {"channels": [ORDERS]}))


@check("SKY-SUB-05")
async def positions_may_be_subscribed_to(trader: SkybitPeer) -> None:
    """Subscribe to all positions; no Error may come."""
    await accepted(trader, trader.envelope("Subscribe", {"channels": [POSITIONS]}))


@check("SKY-SUB-06")
async def several_channels_go_in_one_subscribe(trader: SkybitPeer) -> None:
    """Subscribe to quotes, orders and positions at once; no Error may come."""
    channels = [*quotes(*trader.lab.profile.symbols[:3]), ORDERS, POSITIONS]
    await accepted(trader, trader.envelope("Subscribe", {"channels": channels}))


@check("SKY-SUB-07")
async def leaving_another_channel_leaves_the_quotes(trader: SkybitPeer) -> None:
    """Subscribe to quotes and orders, and unsubscribe from orders."""
    with given("quotes and orders"):
        await trader.say("Subscribe", channels=[*quotes(trader.lab.symbol), ORDERS])
        await next_quote(trader, trader.lab.symbol)
    await trader.say("Unsubscribe", channels=["orders"])
    await trader.pause(GRACE_S)
    expect(await _quote_from_now_on(trader), "quotes after an Unsubscribe from orders")


@check("SKY-SUB-08")
async def quotes_come_again_after_unsubscribe(trader: SkybitPeer) -> None:
    """Subscribe to one symbol, unsubscribe, and subscribe to another."""
    first, *others = trader.lab.profile.symbols
    if not others:
        raise Unobserved("the profile names one symbol only")
    with given("quotes that came and ended"):
        await trader.say("Subscribe", channels=quotes(first))
        await next_quote(trader, first)
        await trader.say("Unsubscribe", channels=["quotes"])
        await trader.pause(GRACE_S)
    await trader.say("Subscribe", channels=quotes(others[0]))
    expect(await next_quote(trader, others[0]), f"quotes of {others[0]} after those of {first}")


@check("SKY-SUB-15")
async def each_connection_has_its_own_quotes(lab: SkybitLab) -> None:
    """Of two connections of one user only one subscribes; the other unsubscribes, and the first goes on."""
    with given("quotes on one of two connections of one user"):
        trader, other = await lab.trader(), await lab.trader()
        await trader.say("Subscribe", channels=quotes(lab.symbol))
        await next_quote(trader, lab.symbol)
    await other.say("Unsubscribe", channels=["quotes"])
    await other.pause(GRACE_S)
    expect(await _quote_from_now_on(trader), "quotes on the connection that did not unsubscribe")
    stray = other.conversation.received("MarketData")
    expect(not stray, "no MarketData on the connection that did not subscribe", stray[0] if stray else None)


async def _quote_from_now_on(trader: SkybitPeer) -> object:
    """The next MarketData that arrives."""
    since_s = trader.now()
    fits = lambda e: e.at_s > since_s and e.message is not None and e.message.get("type") == "MarketData"  # noqa: E731
    return await trader.wait_for(fits, "MarketData", QUOTE_S)


async def _refused(trader: SkybitPeer, kind: str, data: dict[str, Any], *codes: str) -> None:
    await refused(trader, trader.envelope(kind, data), *codes)


@check("SKY-SUB-09")
async def subscribe_needs_channels(trader: SkybitPeer) -> None:
    """Subscribe with empty data."""
    await _refused(trader, "Subscribe", {}, "INVALID_REQUEST")


@check("SKY-SUB-10")
async def subscribe_needs_known_channels(trader: SkybitPeer) -> None:
    """Subscribe to a channel of our own invention."""
    await _refused(trader, "Subscribe", {"channels": [{"type": "weather", "all": True}]}, "INVALID_REQUEST")


@check("SKY-SUB-11")
async def subscribe_needs_known_symbols(trader: SkybitPeer) -> None:
    """Subscribe to quotes of a symbol that no exchange lists."""
    await _refused(trader, "Subscribe", {"channels": quotes(NO_SYMBOL)}, "SYMBOL_NOT_FOUND", "INVALID_REQUEST")


@check("SKY-SUB-12")
async def unsubscribe_needs_channels(trader: SkybitPeer) -> None:
    """Unsubscribe with empty data."""
    await _refused(trader, "Unsubscribe", {}, "INVALID_REQUEST")
