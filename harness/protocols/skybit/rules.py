"""Skybit's numbers: the limits and timers of the spec, and the facts of the world that a scenario may set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.limits import Rate


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and timers. Sections named are those of the Skybit spec."""

    chats: Rate = Rate(60, 60.0)  # Rate Limits
    approvals: Rate = Rate(100, 60.0)
    heartbeats: Rate = Rate(120, 60.0)
    messages: Rate = Rate(500, 60.0)
    connections_per_user: int = 10
    ping_every_s: float = 30.0  # Connection Parameters
    idle_timeout_s: float = 60.0
    preview_life_s: float = 60.0  # Preview: expires_at of the sample
    idempotency_s: float = 24 * 3600.0  # Idempotency
    session_life_s: float = 8 * 3600.0
    max_orders_per_day: int = 100  # Auth: data.limits of the sample
    max_position_value: float = 100_000.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scenario's `world` may say. Money in USD, times in seconds of the stage."""

    prices: Mapping[str, float] = field(default_factory=dict)  # Symbol -> last price at the start.
    buying_power: float = 100_000.0  # Cash of every account at the start.
    positions: Mapping[str, int] = field(default_factory=dict)  # Shares every account holds at the start.
    orders_today: int = 23  # Trades already used today by every account ("23 of 100" in the sample).
    market: str = "open"  # open | closed
    volatility: float = 1.0  # Multiplies the size of price moves; 0 holds prices still.
    liquidity: int = 100  # Shares that one quote gives to an order that takes it.
    quotes_every_s: float = 1.0  # Time between two quotes of a symbol.
    reject_orders: str = ""  # When not empty, the broker refuses every order with these words.
    accept_any_token: bool = False  # Whether every token but an expired one is good, for a front end with its own.
    think_s: float = 0.1  # Time from a request to the message that answers it, each step of a trade.
