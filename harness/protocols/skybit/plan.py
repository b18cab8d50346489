"""What a Plan shows: the request as it was understood, and the tools that serve it, in order of use."""

from __future__ import annotations

from typing import Any

from harness.protocols.skybit.account import Account
from harness.protocols.skybit.chat import OrderIntent, PositionsQuestion, QuoteQuestion
from harness.protocols.skybit.market import Market, Quote
from harness.protocols.skybit.matching import reference_price
from harness.protocols.skybit.money import shown
from harness.protocols.skybit.preview import order_data


def order_plan(terms: OrderIntent, quote: Quote) -> dict[str, Any]:
    """Look at the market, examine the order, preview it. Plan: the sample's three tools."""
    price = float(reference_price(terms, quote))
    risk = {"symbol": terms.symbol, "quantity": terms.quantity, "side": terms.side, "price": price}
    snapshot = {"symbol": terms.symbol, "fields": ["quote", "daily_stats"]}
    kind = terms.order_type.replace("_", "-")
    return {
        "intent": f"Place {kind} {terms.side} order for {terms.symbol}",
        "tools": [
            _tool("data.snapshot", snapshot, "Get current market data"),
            _tool("risk.check", risk, "Validate against risk limits"),
            _tool("trade.preview", order_data(terms), "Generate order preview"),
        ],
    }


def quote_plan(question: QuoteQuestion, market: Market, now: float) -> dict[str, Any]:
    """A question about prices. No message carries an answer, so the purpose of each tool says what it found."""
    tools = []
    for symbol in question.symbols:
        quote = market.quote(symbol, now)
        found = f"bid {shown(quote.bid)}, ask {shown(quote.ask)}, last {shown(quote.last)}"
        tools.append(_tool("data.snapshot", {"symbol": symbol, "fields": ["quote"]}, f"Get current quote: {found}"))
    return {"intent": f"Show quotes for {', '.join(question.symbols)}", "tools": tools}


def positions_plan(question: PositionsQuestion, account: Account) -> dict[str, Any]:
    """A question about what is held, answered likewise."""
    symbols = question.symbols or tuple(account.positions)
    held = ", ".join(f"{account.position(s).quantity} {s}" for s in symbols if account.position(s).quantity)
    found = f"{held or 'no shares'}, buying power {shown(account.buying_power)} USD"
    args = {"symbols": list(question.symbols)} if question.symbols else {}
    return {"intent": "Show positions", "tools": [_tool("portfolio.positions", args, f"Get positions: {found}")]}


def cancel_plan(target: str, target_id: str) -> dict[str, Any]:
    """A cancellation by chat: of the preview or the order of this id."""
    what = f"{target} {target_id}"
    return _cancellation(what, {"target": target, f"{target}_id": target_id})


def cancel_all_plan(symbol: str | None, side: str | None) -> dict[str, Any]:
    """A cancellation by chat of all open orders, or of those of this symbol and side."""
    bounds = {"symbol": symbol, "side": side}
    said = {name: value for name, value in bounds.items() if value is not None}
    what = " ".join(["all open", *said.values(), "orders"])
    return _cancellation(what, {"target": "all_orders", **said})


def _cancellation(what: str, args: dict[str, str]) -> dict[str, Any]:
    return {"intent": f"Cancel {what}", "tools": [_tool("trade.cancel", args, f"Cancel {what}")]}


def _tool(name: str, args: dict[str, Any], purpose: str) -> dict[str, Any]:
    return {"name": name, "args": args, "purpose": purpose}
