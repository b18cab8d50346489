"""The portfolio (3.3): cash in whole cents and shares in whole millionths, so that its books are exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.protocols.brainstream.market import rounded
from harness.protocols.brainstream.rules import Facts
from harness.protocols.brainstream.strategy import Signal

MICRO = 1_000_000  # Millionths of a share.
TRADE_MOST = 0.05  # Parts of the nav that one trade moves.
TRADE_LEAST = 0.002
PAUSE_TICKS = 5  # From one trade to the next.


@dataclass(frozen=True, slots=True)
class Trade:
    """Bought (shares above 0) or sold, in millionths of a share, for so many cents."""

    micros: int
    price: float
    cents: int


class Portfolio:
    """Cash and one position, which follows the signals."""

    def __init__(self, facts: Facts, day: int) -> None:
        self.cents = round(facts.cash * 100)
        self.micros = round(facts.shares * MICRO)
        self._opening = (self.cents, self.micros)
        self._bought = self._sold = (0, 0)  # Cents and millionths, of all trades together.
        self._rests_until = 0
        nav = self.nav(facts.price)
        self._day = day
        self._day_nav = round(nav - facts.daily_pnl, 2)  # When the day began.
        self._last_nav = nav
        self._peak = max(nav, self._day_nav)
        self.drawdown = 0.0  # The deepest so far; below 0.
        self.mark(facts.price, day)

    def nav(self, price: float) -> float:
        """Net asset value at this price, in USD."""
        return round(self.cents / 100 + self.micros / MICRO * price, 2)

    def mark(self, price: float, day: int) -> None:
        """Note what the portfolio is worth on this day (counted by UTC)."""
        if day != self._day:
            self._day, self._day_nav = day, self._last_nav
        nav = self._last_nav = self.nav(price)
        self._peak = max(self._peak, nav)
        self.drawdown = min(self.drawdown, nav / self._peak - 1)

    def follow(self, signal: Signal, price: float, tick: int) -> Trade | None:
        """The trade that the signal asks for, made; None where it asks for none.

        BUY raises the position to the approved size. SELL gives all of it up, in steps of that size at most.
        """
        if signal.approved == 0 or tick < self._rests_until:
            return None
        nav = self.nav(price)
        held = self.micros / MICRO * price
        if signal.side == "BUY":
            part = min(signal.approved * nav - held, TRADE_MOST * nav)
            is_worth_it = part >= TRADE_LEAST * nav
        else:
            part = -min(held, signal.approved * nav, TRADE_MOST * nav)
            is_worth_it = held > 0
        if not is_worth_it:
            return None
        self._rests_until = tick + PAUSE_TICKS
        micros = round(part / price * MICRO)
        return self._trade(micros, price) if micros else None  # A millionth of a share may be too dear.

    def sell_out(self, price: float) -> Trade:
        """Sell all that is held."""
        return self._trade(-self.micros, price)

    def data(self, price: float) -> dict[str, Any]:
        """The portfolio object of a packet."""
        nav = self.nav(price)
        return {
            "nav": nav,
            "cash": self.cents / 100,
            "daily_pnl": rounded(nav - self._day_nav, 2),
            "max_drawdown": rounded(self.drawdown, 6),
        }

    def audit(self, price: float) -> list[str]:
        """What does not add up."""
        faults = []
        cents, micros = self._opening
        (paid, bought), (got, sold) = self._bought, self._sold
        if (cents - paid + got, micros + bought - sold) != (self.cents, self.micros):
            faults.append("the trades do not lead to what is held")
        if self.cents < 0 or self.micros < 0:
            faults.append("cash or shares are below nothing")
        # In millionths of a dollar, by whole numbers; half a cent is lost by each of two roundings.
        worth = self.cents * 10_000 + self.micros * round(price * MICRO) // MICRO
        if abs(self._last_nav * MICRO - worth) > 10_001:
            faults.append("the nav that was told is not cash and shares at the price")
        nav = self.nav(price)
        if not -1 <= self.drawdown <= nav / max(self._peak, nav) - 1:
            faults.append("the drawdown is no deepest fall from a peak")
        return faults

    def _trade(self, micros: int, price: float) -> Trade:
        trade = Trade(micros, price, round(micros / MICRO * price * 100))
        self.cents -= trade.cents
        self.micros += micros
        if micros > 0:
            self._bought = (self._bought[0] + trade.cents, self._bought[1] + micros)
        else:
            self._sold = (self._sold[0] - trade.cents, self._sold[1] - micros)
        return trade
