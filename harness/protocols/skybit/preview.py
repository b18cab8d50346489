"""What a Preview shows: the order, what it would cost, whether policy allows it, and the quote it was reckoned by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from harness.protocols.skybit.account import Preview
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.market import Quote
from harness.protocols.skybit.matching import reference_price
from harness.protocols.skybit.money import ZERO, cents, charges_of, number, shown
from harness.protocols.skybit.policy import Desk


def preview_data(preview: Preview, desk: Desk) -> dict[str, Any]:
    """The data of the Preview message."""
    terms, checks = preview.terms, desk.checks()
    return {
        "preview_id": preview.id,
        "headline": headline(terms),
        "orders": [
            {**order_data(terms), "estimated_total": number(terms.quantity * reference_price(terms, desk.quote))}
        ],
        "impact": _impact(desk),
        "policy": {"passed": not any(c.refusal for c in checks), "checks": [c.data for c in checks]},
        "quote": {
            "ts": desk.world.ts(desk.now),
            "source": "nbbo:polygon",
            "bid": float(desk.quote.bid),
            "ask": float(desk.quote.ask),
            "last": float(desk.quote.last),
            "volume": desk.quote.volume,
        },
        "expires_at": desk.world.ts(preview.expires_at),
    }


def order_data(terms: OrderIntent) -> dict[str, Any]:
    """An order's terms, as a Plan and a Preview have them; prices only where the order type has them."""
    data: dict[str, Any] = {
        "symbol": terms.symbol,
        "side": terms.side,
        "quantity": terms.quantity,
        "order_type": terms.order_type,
    }
    if terms.stop_price is not None:
        data["stop_price"] = float(terms.stop_price)
    if terms.limit_price is not None:
        data["limit_price"] = float(terms.limit_price)
    return {**data, "time_in_force": terms.time_in_force}


def headline(terms: OrderIntent) -> str:
    """The order in one line, such as `Buy 200 AAPL @ $225.10 (DAY)`."""
    price = "@ market"
    if terms.limit_price is not None:
        price = f"@ ${shown(terms.limit_price)}"
    if terms.stop_price is not None:
        limit = "" if terms.limit_price is None else f" limit ${shown(terms.limit_price)}"
        price = f"stop ${shown(terms.stop_price)}{limit}"
    return f"{terms.side.capitalize()} {terms.quantity} {terms.symbol} {price} ({terms.time_in_force.upper()})"


def _impact(desk: Desk) -> dict[str, Any]:
    terms = desk.terms
    price = reference_price(terms, desk.quote)
    value = cents(terms.quantity * price)
    charges = charges_of(value, terms.quantity)
    return {
        "avg_price": float(price),
        "total_value": number(value),
        "commission": number(charges.commission),
        "fees": [{"type": "SEC", "amount": number(charges.sec)}, {"type": "TAF", "amount": number(charges.taf)}],
        "total_cost": number(value + charges.total),
        "slippage_bps": _slippage_bps(terms, desk.quote),
        "pnl_impact": number(_profit(desk, price)),
    }


def _slippage_bps(terms: OrderIntent, quote: Quote) -> float:
    """What crossing the spread costs, from its middle, in basis points; an order with a limit slips nowhere."""
    if terms.limit_price is not None:
        return 0
    middle = (quote.bid + quote.ask) / 2
    return float(round((quote.ask - middle) / middle * 10_000, 1))


def _profit(desk: Desk, price: Decimal) -> Decimal:
    """What a sale makes of what the shares cost; a purchase makes nothing."""
    if desk.terms.side == "buy":
        return ZERO
    position = desk.account.position(desk.terms.symbol)
    return (price - position.average) * min(desk.terms.quantity, position.quantity)
