"""Skybit's numbers: the limits and timers of the spec, and the facts of the world that a scenario may set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.core.limits import Rate
from harness.protocols.skybit.listings import LISTINGS

TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,9}")  # As the schema has it.
QUOTES_LEAST_S = 0.001  # With less between two quotes, the mock would do nothing else.
LONGEST_S = 1_000_000_000  # What is announced as a time of day must lie within the calendar.
MOST_USD = 10**19  # More than the largest order costs; amounts stay exact to the cent.
MOST_VOLATILE = 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and timers. Sections named are those of the Skybit spec.

    ValueError, in words, when a value is none that a server can keep.
    """

    chats: Rate = Rate(60, 60.0)  # Rate Limits; each holds for one connection.
    approvals: Rate = Rate(100, 60.0)
    heartbeats: Rate = Rate(120, 60.0)
    messages: Rate = Rate(500, 60.0)  # All messages together.
    connections_per_user: int = 10
    ping_every_s: float = 30.0  # Connection Parameters
    idle_timeout_s: float = 60.0
    preview_life_s: float = 60.0  # Preview: expires_at of the sample
    idempotency_s: float = 24 * 3600.0  # Idempotency
    session_life_s: float = 8 * 3600.0  # From Auth until messages are answered with SESSION_EXPIRED.
    max_orders_per_day: int = 100  # Auth: data.limits of the sample
    max_position_value: float = 100_000.0  # Of one symbol, shares held and open orders together, in USD.

    def __post_init__(self) -> None:
        for name in ("chats", "approvals", "heartbeats", "messages"):
            rate: Rate = getattr(self, name)
            _demand(rate.count >= 0 and rate.window_s > 0, name, "a rate such as 3 per 10s", str(rate))
        for name in ("ping_every_s", "idle_timeout_s"):
            _demand(getattr(self, name) > 0, name, "a time above 0", getattr(self, name))
        for name in ("connections_per_user", "max_orders_per_day", "idempotency_s", "session_life_s"):
            _demand(getattr(self, name) >= 0, name, "a number of at least 0", getattr(self, name))
        _demand_range(self, "preview_life_s", LONGEST_S)
        _demand_range(self, "max_position_value", MOST_USD)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scenario's `world` may say. Money in USD, times in seconds of the stage.

    ValueError, in words, when a value is none that a world can have.
    """

    prices: Mapping[str, float] = field(default_factory=dict)  # Symbol -> last price at the start; may add symbols.
    buying_power: float = 100_000.0  # Cash of every account at the start.
    positions: Mapping[str, int] = field(default_factory=dict)  # Shares every account holds at the start.
    orders_today: int = 23  # Trades already used today by every account ("23 of 100" in the sample).
    market: Literal["open", "closed"] = "open"
    closes_at_s: float = 0.0  # When an open market closes, and day orders end; 0 for never.
    volatility: float = 1.0  # Multiplies the size of price moves; 0 holds prices still.
    liquidity: int = 100  # Shares that one quote gives to an order that takes it.
    quotes_every_s: float = 1.0  # Time between two quotes of a symbol.
    reject_orders: str = ""  # When not empty, the broker refuses every order with these words.
    accept_any_token: bool = False  # Whether every token but an expired one is good, for a front end with its own.
    think_s: float = 0.1  # Time from a request to the message that answers it, each step of a trade.

    def __post_init__(self) -> None:
        _demand(self.market in ("open", "closed"), "market", "open or closed", self.market)
        least_s = QUOTES_LEAST_S
        _demand(self.quotes_every_s >= least_s, "quotes_every_s", f"at least {least_s} s", self.quotes_every_s)
        _demand(self.liquidity >= 1, "liquidity", "at least 1", self.liquidity)
        for name in ("orders_today", "closes_at_s", "think_s"):
            _demand(getattr(self, name) >= 0, name, "a number of at least 0", getattr(self, name))
        _demand_range(self, "buying_power", MOST_USD)
        _demand_range(self, "volatility", MOST_VOLATILE)
        for symbol, price in self.prices.items():
            _demand(bool(TICKER.fullmatch(symbol)), f"prices.{symbol}", "a ticker in upper case", symbol)
            _demand(0.05 <= price <= 1_000_000, f"prices.{symbol}", "a price from 0.05 to 1000000", price)
        known = {*LISTINGS, *self.prices}
        for symbol, shares in self.positions.items():
            _demand(symbol in known, "positions", "a symbol of " + ", ".join(sorted(known)), symbol)
            _demand(0 <= shares <= 1_000_000_000, f"positions.{symbol}", "0 to 1000000000 shares", shares)


def _demand(holds: bool, name: str, expected: str, found: object) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}, found {found!r}")


def _demand_range(settings: Rules | Facts, name: str, most: int) -> None:
    value = getattr(settings, name)
    _demand(0 <= value <= most, name, f"a number from 0 to {most}", value)
