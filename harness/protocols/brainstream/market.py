"""One symbol's market: its price, and what physics makes of it (3.2)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from harness.protocols.brainstream.kalman import Kalman
from harness.protocols.brainstream.process import Process
from harness.protocols.brainstream.rules import Facts, Regime
from harness.protocols.brainstream.tail import WINDOW, Tail

# What SUBSCRIBE may ask for, beside the symbol that a scenario begins with: symbol -> price at the start, in USD.
LISTINGS = {
    "SPY": 450.32,
    "QQQ": 384.15,
    "IWM": 187.44,
    "AAPL": 225.10,
    "MSFT": 378.85,
    "NVDA": 495.22,
    "TSLA": 248.48,
}

USUAL_MOVE = 2e-4  # The deviation of one tick's log return in the Gaussian regime.
# The deviation of the filter's velocity where prices walk at random with a deviation of 1; found by simulation.
SPEED_OF_NOISE = 0.26
PRICE_LEAST, PRICE_MOST = 1e-4, 1e7


class Market:
    """A price that a process moves, with the tail of its returns and its motion. It begins with a history."""

    def __init__(self, symbol: str, price: float, facts: Facts, seed: str) -> None:
        self.symbol = symbol
        self.price = shown(price)
        self.change = 0.0  # The log return of the last tick.
        self._exact = self.price
        self._jump = 1.0
        self._process = Process("Gaussian" if facts.regime == "auto" else facts.regime, f"{seed}/{symbol}")
        self.tail = Tail()
        past = self._history(facts)
        self.motion = Kalman(past[0])
        for before, after in pairwise(past):
            self._learn(before, after)

    @property
    def regime(self) -> Regime:
        """The regime that reigns."""
        return self._process.regime

    @property
    def momentum(self) -> float:
        """The velocity in relation to what chance alone makes of it, given the returns' scale."""
        noise = self.price * max(self.tail.scale, 1e-9) * SPEED_OF_NOISE
        return self.motion.velocity / noise

    def enter(self, regime: Regime) -> None:
        """Let this regime reign, until it ends by chance."""
        self._process.enter(regime)

    def jump(self, part: float) -> None:
        """Let the next tick's price be so much higher."""
        self._jump *= 1 + part

    def tick(self, facts: Facts) -> None:
        """One tick passes."""
        self._process.change()  # Always, so that a fixed regime does not disturb what chance decides later.
        if facts.regime != "auto":
            self._process.enter(facts.regime)
        move = facts.volatility * USUAL_MOVE * self._process.move() + facts.drift
        exact = self._exact * math.exp(move) * self._jump
        self._exact = max(PRICE_LEAST, min(exact, PRICE_MOST))
        self._jump = 1.0
        before, self.price = self.price, shown(self._exact)
        self._learn(before, self.price)

    def data(self) -> dict[str, Any]:
        """The market object of a packet."""
        places = places_of(self.price)
        return {
            "symbol": self.symbol,
            "price": self.price,
            "alpha": round(self.tail.alpha, 3),
            "regime": self.regime,
            "velocity": rounded(self.motion.velocity, places + 4),
            "acceleration": rounded(self.motion.acceleration, places + 6),
        }

    def _learn(self, before: float, after: float) -> None:
        self.change = math.log(after / before)
        self.tail.add(self.change)
        self.motion.observe(after)

    def _history(self, facts: Facts) -> list[float]:
        """The prices that led to the present one, itself included: enough to fill the window of the tail."""
        prices = [self.price]
        for _ in range(WINDOW):
            move = facts.volatility * USUAL_MOVE * self._process.move() + facts.drift
            earlier = prices[-1] * math.exp(-move)
            prices.append(shown(max(PRICE_LEAST, min(earlier, PRICE_MOST))))
        return prices[::-1]


def shown(price: float) -> float:
    """A price as packets tell it: in cents, or in finer steps where a cent would be more than a usual move.

    >>> [shown(p) for p in (450.3217, 9.87654321, 0.12345678)]
    [450.32, 9.8765, 0.123457]
    """
    return round(price, places_of(price))


def places_of(price: float) -> int:
    """The decimals in which such a price is told."""
    return 2 if price >= 100 else 4 if price >= 1 else 6


def rounded(value: float, places: int) -> float:
    """Rounded, and never -0.0.

    >>> rounded(-0.0004, 2)
    0.0
    """
    return round(value, places) + 0.0
