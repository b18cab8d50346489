"""BrainStream's numbers: what its server may be told to do, and the facts of the world that a scenario may set."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

Regime = Literal["Gaussian", "Lévy Stable", "Critical"]  # 3.2; the accent is one letter, U+00E9.
Status = Literal["ACTIVE", "HALT", "INITIALIZING"]  # 3.1

REGIMES: tuple[Regime, ...] = ("Gaussian", "Lévy Stable", "Critical")

TICKER = re.compile(r"[A-Z][A-Z0-9.-]{0,9}")
TICK_LEAST_S = 0.001  # With less between two ticks, the mock would do nothing else.
TICK_MOST_S = 86_400.0
MOST_USD = 1e9
MOST_BYTES = 1_000_000  # A page that takes a megabyte each second takes anything; the journal keeps 200 of them.


@dataclass(frozen=True, slots=True)
class Rules:
    """What the server demands and does. Sections named are those of the BrainStream spec.

    ValueError, in words, when a value is none that a server can keep.
    """

    welcome: bool = True  # 4: whether a client is told the state at once.
    connections_per_ip: int = 0  # 7.2: so many from one address, one more is closed with 1013; 0 for no limit.
    token: Literal["ignored", "required"] = "ignored"  # noqa: S105 - 7.1: a JWT beside the subprotocol `token`.
    commands: Literal["ignored", "served"] = "ignored"  # 2.2: SUBSCRIBE and HALT.

    def __post_init__(self) -> None:
        _demand_range(self, "connections_per_ip", 0, 1_000_000)
        _demand_word(self, "token", ("ignored", "required"))
        _demand_word(self, "commands", ("ignored", "served"))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scenario's `world` may say. Money in USD, times in seconds of the stage, moves as parts of the price.

    ValueError, in words, when a value is none that a world can have.
    """

    symbol: str = "SPY"  # The active ticker at the start.
    price: float = 450.32  # Of that symbol, at the start.
    cash: float = 85_000.0
    shares: float = 44.933736  # Held at the start; parts of a share count. With these, the nav is the sample's.
    daily_pnl: float = 1_234.56  # Profit of the day up to the start.
    tick_every_s: float = 1.0  # Time between two packets (6.2).
    status: Status = "ACTIVE"
    regime: Literal["auto", "Gaussian", "Lévy Stable", "Critical"] = "auto"  # auto: they take turns, by chance.
    volatility: float = 1.0  # Multiplies the size of price moves; 0 holds prices still.
    drift: float = 0.0  # Added to each tick's log return.
    jump: float = 0.0  # A price move that happens once, at the next tick.
    trading: bool = True  # Whether the portfolio manager trades.
    feed: Literal["live", "stalled", "down"] = "live"  # stalled: silence; down: nobody gets or keeps a connection.
    packet_bytes: int = 0  # Log entries are added until a packet has at least this size.

    def __post_init__(self) -> None:
        _demand(bool(TICKER.fullmatch(self.symbol)), "symbol", "a ticker in upper case", self.symbol)
        _demand_word(self, "status", ("ACTIVE", "HALT", "INITIALIZING"))
        _demand_word(self, "regime", ("auto", *REGIMES))
        _demand_word(self, "feed", ("live", "stalled", "down"))
        _demand_range(self, "price", 0.01, 1_000_000)
        _demand_range(self, "cash", 1, MOST_USD)  # Without any money there is nothing that a drawdown is a part of.
        _demand_range(self, "shares", 0, 1_000_000)
        _demand_range(self, "tick_every_s", TICK_LEAST_S, TICK_MOST_S)
        _demand_range(self, "volatility", 0, 100)
        _demand_range(self, "drift", -0.5, 0.5)
        _demand_range(self, "jump", -0.99, 10)
        _demand_range(self, "packet_bytes", 0, MOST_BYTES)
        nav = self.cash + self.shares * self.price
        holds = -MOST_USD <= self.daily_pnl < nav
        _demand(holds, "daily_pnl", f"less than cash and shares are worth, {nav:.2f}", self.daily_pnl)


def _demand(holds: bool, name: str, expected: str, found: object) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}, found {found!r}")


def _demand_word(settings: Rules | Facts, name: str, words: tuple[str, ...]) -> None:
    value = getattr(settings, name)
    _demand(value in words, name, "one of " + ", ".join(words), value)


def _demand_range(settings: Rules | Facts, name: str, least: float, most: float) -> None:
    value = getattr(settings, name)
    holds = math.isfinite(value) and least <= value <= most
    _demand(holds, name, f"a number from {least:,.12g} to {most:,.12g}", value)
