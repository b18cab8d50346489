"""The matching engine: what a quote gives to an order."""

from __future__ import annotations

from decimal import Decimal

from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.market import Quote
from harness.protocols.skybit.money import cents
from harness.protocols.skybit.orders import Fill, Order

MAX_FILLS = 3  # The last of them takes all that is left, so that an order has at most two partial fills.
COLLAR = Decimal("1.03")  # A buy without a limit pays at most this much more than the market asked when it was placed.


def reference_price(terms: OrderIntent, quote: Quote) -> Decimal:
    """The price that an order is reckoned with before it is executed."""
    if terms.limit_price is not None:
        return terms.limit_price
    if terms.stop_price is not None:
        return terms.stop_price
    return quote.ask if terms.side == "buy" else quote.bid


def worst_price(terms: OrderIntent, quote: Quote) -> Decimal:
    """The most that a buy may pay for a share: its limit, else a collar above market and stop."""
    if terms.limit_price is not None:
        return terms.limit_price
    return cents(max(quote.ask, terms.stop_price or quote.ask) * COLLAR)


def execution(order: Order, quote: Quote, liquidity: int, now: float) -> Fill | None:
    """What the quote gives to the order now, at the quote's price, which may be better than the order's limit.

    A stop order whose price the last trade has reached is noted as triggered, and stays so.
    """
    price = _price(order, quote)
    if price is None:
        return None
    quantity = order.remaining
    if order.terms.time_in_force == "fok":
        # Fill or kill: all of it by this one quote, or nothing.
        return Fill(quantity, price, now) if quantity <= liquidity else None
    if len(order.fills) < MAX_FILLS - 1:
        quantity = min(quantity, liquidity)
    return Fill(quantity, price, now)


def _price(order: Order, quote: Quote) -> Decimal | None:
    terms = order.terms
    buys = terms.side == "buy"
    if terms.stop_price is not None and not order.triggered:
        order.triggered = quote.last >= terms.stop_price if buys else quote.last <= terms.stop_price
        if not order.triggered:
            return None
    if buys:
        return quote.ask if quote.ask <= order.worst_price else None
    return quote.bid if terms.limit_price is None or quote.bid >= terms.limit_price else None
