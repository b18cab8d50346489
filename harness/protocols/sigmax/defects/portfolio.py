"""Broken servers, at the portfolio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.core.defect import on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Message, merged
from harness.core.session import Session

PF = "portfolio_update"

total_as_string = wrong("total-as-string", "SIG-PF-01", PF, "data.total_value", str)
no_cash = lacking("no-cash", "SIG-PF-02", PF, "data.available_cash")
gain_null = wrong("gain-null", "SIG-PF-04", PF, "data.total_pnl", lambda v: None)
gain_in_percent_with_unit = wrong("gain-with-unit", "SIG-PF-05", PF, "data.total_pnl_percent", lambda v: f"{v} %")
position_of_a_coin = wrong(
    "position-of-a-coin", "SIG-PF-06", PF, "data.positions.*.symbol", lambda v: v.partition("/")[0]
)
size_as_string = wrong("size-as-string", "SIG-PF-07", PF, "data.positions.*.size", str)
no_entry_price = lacking("no-entry-price", "SIG-PF-08", PF, "data.positions.*.entry_price")
no_current_price = lacking("no-current-price", "SIG-PF-09", PF, "data.positions.*.current_price")
no_value = lacking("no-value", "SIG-PF-10", PF, "data.positions.*.value")
pnl_as_string = wrong("pnl-as-string", "SIG-PF-11", PF, "data.positions.*.pnl", str)
no_pnl_percent = lacking("no-pnl-percent", "SIG-PF-12", PF, "data.positions.*.pnl_percent")


@on_message("SIG-PF-03", PF)
def positions_by_symbol(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives an object by symbol in place of the array of positions."""
    return merged(message, {"data.positions": {row["symbol"]: row for row in message["data"]["positions"]}})


def _positions(message: Message, change: Callable[[Message], Message]) -> Message:
    return merged(message, {"data.positions": [change(position) for position in message["data"]["positions"]]})


@on_message("SIG-PF-13", PF)
def splits_a_position(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Has a position of nothing beside each position."""
    nothing = [{**p, "size": 0.0, "value": 0.0, "pnl": 0.0, "pnl_percent": 0.0} for p in message["data"]["positions"]]
    return merged(message, {"data.positions": [*message["data"]["positions"], *nothing]})


@on_message("SIG-PF-14", PF)
def value_at_cost(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Values positions five percent too low."""
    return _positions(message, lambda p: {**p, "value": round(0.95 * p["value"], 2)})


@on_message("SIG-PF-15", PF)
def gains_turned_around(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Counts what the price has fallen by as a gain."""
    return _positions(message, lambda p: {**p, "pnl": -p["pnl"], "pnl_percent": -p["pnl_percent"]})


@on_message("SIG-PF-16", PF)
def fractions_for_percent(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the percentage of a position ten times too high."""
    return _positions(message, lambda p: {**p, "pnl_percent": 10 * p["pnl_percent"]})


@on_message("SIG-PF-17", PF)
def forgets_the_cash(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves half of the cash out of the total."""
    data = message["data"]
    return merged(message, {"data.total_value": round(data["total_value"] - data["available_cash"] / 2, 2)})


@on_message("SIG-PF-18", PF)
def percent_without_its_sign(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Turns the sign of the whole percentage around."""
    return merged(message, {"data.total_pnl_percent": -message["data"]["total_pnl_percent"]})


@on_message("SIG-PF-19", PF)
def prices_of_its_own(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Reckons with prices a third above the market's."""

    def dearer(position: Message) -> Message:
        size, price, entry = position["size"], 1.33 * position["current_price"], position["entry_price"]
        gain = size * (price - entry)
        figures = {"value": size * price, "pnl": gain, "pnl_percent": 100 * gain / (size * entry)}
        return {**position, "current_price": price, **figures}

    data = message["data"]
    rise = sum(0.34 * position["value"] for position in data["positions"])
    return merged(_positions(message, dearer), {"data.total_value": data["total_value"] + rise})
