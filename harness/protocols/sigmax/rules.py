"""SIGMAX's numbers: the limits and timers of the spec, and the facts of the world that a scenario may set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from harness.core.limits import Rate

SYMBOL = re.compile(r"[A-Z0-9]+/[A-Z0-9]+")  # Symbol Subscriptions: BASE/QUOTE.
LEAST_S = 0.001  # With less between two ticks, the mock would do nothing else.
MOST_CAPITAL = 10**9  # Amounts stay exact, on the wire too.
LEAST_PRICE, MOST_PRICE = 0.0001, 10**9
MOST_SIZE = 10**12
MOST_VOLATILE = 1000
MOST_ALERTS = 1000  # A second.

ProposalFate = Literal["executed", "refused", "left"]
HealthSource = Literal["real", "simulated"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and timers, as they hold for one connection. Sections named are those of the SIGMAX spec.

    ValueError, in words, when a value is none that a server can keep.
    """

    max_connections: int = 1000  # Configuration: WS_MAX_CONNECTIONS, of all clients together.
    heartbeat_every_s: float = 30.0  # Configuration: WS_HEARTBEAT_INTERVAL
    timeout_s: float = 60.0  # Configuration: WS_CONNECTION_TIMEOUT
    commands: Rate = Rate(120, 10.0)  # Rate Limit Awareness: commands may be limited.
    pause_s: float = 10.0  # How long a pause by command lasts at most.

    def __post_init__(self) -> None:
        _demand(self.max_connections >= 0, "max_connections", "a number of at least 0", self.max_connections)
        _demand(self.heartbeat_every_s >= LEAST_S, "heartbeat_every_s", f"at least {LEAST_S} s", self.heartbeat_every_s)
        for name in ("timeout_s", "pause_s"):
            _demand(getattr(self, name) > 0, name, "a time above 0", getattr(self, name))
        rate = self.commands
        _demand(rate.count >= 0 and rate.window_s > 0, "commands", "a rate such as 3 per 10s", str(rate))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scenario's `world` may say. Money in USDT, times in seconds of the stage.

    ValueError, in words, when a value is none that a world can have.
    """

    capital: float = 100_000.0  # Cash at the start.
    prices: Mapping[str, float] = field(default_factory=dict)  # Pair -> price at the start; may add pairs.
    volatility: float = 1.0  # Multiplies the size of price moves; 0 leaves only drift and shocks.
    drift: float = 0.0  # How much all prices gain in a second, as a part of them; negative: lose.
    shock: float = 0.0  # How much all prices gain at once, at the next market_update: -0.2 is a crash by a fifth.
    proposals_every_s: float = 4.0  # Time between two proposals, on average.
    proposals: ProposalFate = "executed"  # What becomes of them; `left` ones wait for approve_proposal.
    refusal: str = "risk limit exceeded"  # Why proposals are refused, where they are.
    alerts_per_second: float = 0.0  # So many alerts beside those that have a cause: a storm.
    api_key: str = ""  # When not empty, clients must connect with it.
    health: HealthSource = "real"  # Whether health is measured, where that is possible, or made up from the seed.
    market_every_s: float = 2.0  # Available Topics: the update frequencies.
    portfolio_every_s: float = 3.0
    status_every_s: float = 5.0
    health_every_s: float = 10.0

    def __post_init__(self) -> None:
        _demand(1 <= self.capital <= MOST_CAPITAL, "capital", f"a number from 1 to {MOST_CAPITAL}", self.capital)
        _demand(0 <= self.volatility <= MOST_VOLATILE, "volatility", f"0 to {MOST_VOLATILE}", self.volatility)
        _demand(-0.5 <= self.drift <= 0.5, "drift", "a number from -0.5 to 0.5", self.drift)
        _demand(-1 < self.shock <= 10, "shock", "a number above -1 and up to 10", self.shock)
        alerts = self.alerts_per_second
        _demand(0 <= alerts <= MOST_ALERTS, "alerts_per_second", f"0 to {MOST_ALERTS}", alerts)
        for name in ("proposals_every_s", "market_every_s", "portfolio_every_s", "status_every_s", "health_every_s"):
            _demand(getattr(self, name) >= LEAST_S, name, f"at least {LEAST_S} s", getattr(self, name))
        _demand_word(self.proposals, ProposalFate, "proposals")
        _demand_word(self.health, HealthSource, "health")
        _demand(self.refusal != "", "refusal", "some words", self.refusal)
        for symbol, price in self.prices.items():
            _demand(bool(SYMBOL.fullmatch(symbol)), f"prices.{symbol}", "a pair in upper case as BASE/QUOTE", symbol)
            words = f"a price from {LEAST_PRICE} to {MOST_PRICE}"
            _demand(LEAST_PRICE <= price <= MOST_PRICE, f"prices.{symbol}", words, price)


def _demand(holds: bool, name: str, expected: str, found: object) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}, found {found!r}")


def _demand_word(word: str, words: object, name: str) -> None:
    known = get_args(words)
    _demand(word in known, name, " or ".join(known), word)
