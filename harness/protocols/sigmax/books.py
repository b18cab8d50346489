"""The portfolio: cash and positions, exact inside, to the cent on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

Action = Literal["buy", "sell"]

ZERO = Decimal(0)
CENT = Decimal("0.01")
FINEST = Decimal("0.00000001")  # To which fees, entry prices, and the cost of a part of a position are rounded.
FEE_RATE = Decimal("0.001")  # Trade Executed Event: 0.095 on 95.00 in the sample.


@dataclass(slots=True)
class Position:
    """What is held of a pair (base currency), and what that cost without fees (quote currency)."""

    size: Decimal = ZERO
    cost: Decimal = ZERO


class Books:
    """All that the portfolio has, and the sums of all that moved it. Nothing is sold or spent that is not there."""

    def __init__(self, capital: Decimal) -> None:
        self.capital = capital
        self.cash = capital
        self.positions: dict[str, Position] = {}
        self.bought = self.sold = self.fees = self.realized = ZERO

    def execute(self, symbol: str, action: Action, size: Decimal, price: Decimal) -> Decimal:
        """Book a trade; its fee is given back. Whether there is enough to trade is for the caller to know."""
        value = size * price
        fee = fee_of(value)
        position = self.positions.setdefault(symbol, Position())
        if action == "buy":
            position.size += size
            position.cost += value
            self.bought += value
            self.cash -= value + fee
        else:
            cost = (position.cost * size / position.size).quantize(FINEST) if size < position.size else position.cost
            position.size -= size
            position.cost -= cost
            self.sold += value
            self.realized += value - cost
            self.cash += value - fee
        self.fees += fee
        if position.size == 0:
            del self.positions[symbol]
        return fee

    def held(self, symbol: str) -> Decimal:
        """How much is held of a pair."""
        return self.positions[symbol].size if symbol in self.positions else ZERO

    def value(self, prices: Mapping[str, Decimal]) -> Decimal:
        """What all of it is worth, as `total_value` says it."""
        return cents(self.cash) + sum((cents(p.size * prices[s]) for s, p in self.positions.items()), ZERO)

    def portfolio(self, prices: Mapping[str, Decimal]) -> dict[str, Any]:
        """The data of a portfolio_update. Totals are sums of what is shown, so that they agree to the cent."""
        total = self.value(prices)
        gain = total - cents(self.capital)
        return {
            "total_value": float(total),
            "available_cash": float(cents(self.cash)),
            "positions": [_shown(symbol, held, prices[symbol]) for symbol, held in self.positions.items()],
            "total_pnl": float(gain),
            "total_pnl_percent": percent(gain, total),
        }

    def audit(self) -> list[str]:
        """What does not add up; empty when all is well."""
        costs = sum((position.cost for position in self.positions.values()), ZERO)
        faults = {
            "cash is not capital, sales and purchases": self.cash != self.capital + self.sold - self.bought - self.fees,
            "cash and costs are not capital and gains": self.cash + costs != self.capital + self.realized - self.fees,
            "more was spent than there was": self.cash < 0,
            "more was sold than there was": any(p.size <= 0 or p.cost < 0 for p in self.positions.values()),
        }
        return [fault for fault, is_there in faults.items() if is_there]


def fee_of(value: Decimal) -> Decimal:
    """The fee on a trade of this value."""
    return (value * FEE_RATE).quantize(FINEST)


def exact(number: float | int) -> Decimal:
    """A JSON number as the decimal that its digits show."""
    return Decimal(str(number))


def cents(amount: Decimal) -> Decimal:
    """Rounded to the cent, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def percent(part: Decimal, whole: Decimal) -> float:
    """A part in percent of the whole, to two decimals; of nothing, 0.

    >>> percent(Decimal(2500), Decimal(45000)), percent(Decimal(1), Decimal(0))
    (5.56, 0.0)
    """
    return float(cents(100 * part / whole)) if whole else 0.0


def _shown(symbol: str, position: Position, price: Decimal) -> dict[str, Any]:
    value = position.size * price
    # An average with the decimals of a price would not give the gain to the cent.
    entry = (position.cost / position.size).quantize(FINEST)
    return {
        "symbol": symbol,
        "size": float(position.size),
        "entry_price": float(entry),
        "current_price": float(price),
        "value": float(cents(value)),
        "pnl": float(cents(value - position.cost)),
        "pnl_percent": percent(value - position.cost, position.cost),
    }
