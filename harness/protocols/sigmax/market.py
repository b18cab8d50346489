"""The simulated market: pairs whose prices drift, swing together, and jump, with a day of history behind them."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any

from harness.protocols.sigmax.rules import MOST_PRICE, Facts

SIGMA = 0.00011  # Standard deviation of a price in a second, as a part of it: 60 % in a year.
TOGETHER = 0.6  # The part of each move that all pairs share.
PERIOD_S = 600.0  # A day's history is kept in steps of this length.
PERIODS = 144
DAY_S = PERIOD_S * PERIODS
RECENT_S = 60.0  # What moves are measured over.


@dataclass(frozen=True, slots=True)
class Listing:
    """A pair at the start: its price (quote currency) and the volume of a day."""

    price: float
    volume: float = 1_000_000.0


# Market Update Event: the sample's two pairs, and some more.
LISTINGS: Mapping[str, Listing] = {
    "BTC/USDT": Listing(95_000.0, 1_000_000),
    "ETH/USDT": Listing(3_500.0, 500_000),
    "SOL/USDT": Listing(185.0, 2_400_000),
    "BNB/USDT": Listing(690.0, 310_000),
    "XRP/USDT": Listing(2.25, 88_000_000),
    "ADA/USDT": Listing(0.92, 61_000_000),
}


class Pair:
    """One pair: its price now, a minute of recent prices, a day of history."""

    def __init__(self, symbol: str, listing: Listing, chance: random.Random) -> None:
        self.symbol = symbol
        self._chance = chance
        self._log = math.log(listing.price)
        # Cents for what is dear, more decimals for what is cheap; sizes in steps worth a few cents.
        places = 2 if listing.price >= 10 else 4 if listing.price >= 1 else 6
        self._tick = Decimal(1).scaleb(-places)
        self._step = Decimal(1).scaleb(-max(0, math.ceil(math.log10(listing.price)) + 1))
        self._volume_pace = listing.volume / DAY_S
        self._recent = deque([(0.0, self._log)])
        self._period_began_s = 0.0
        self._period_log = self._log
        self._period_volume = 0.0
        self._history = self._day_before()
        self._history_volume = sum(volume for _, volume in self._history)
        self.price = self._shown()

    def move(self, now: float, passed_s: float, drift: float, volatility: float, shared: float) -> None:
        """Let `passed_s` seconds pass; `shared` is what moves all pairs, drawn from a normal distribution."""
        z = volatility * (TOGETHER * shared + math.sqrt(1 - TOGETHER**2) * self._chance.gauss(0.0, 1.0))
        # The wilder the market, the more is traded.
        liveliness = self._chance.uniform(0.5, 1.5) * (0.5 + 0.6 * min(20.0, abs(z)))
        self._period_volume += self._volume_pace * passed_s * liveliness
        self._go(now, self._log + SIGMA * math.sqrt(passed_s) * z + math.log1p(drift) * passed_s)

    def jump(self, now: float, part: float) -> None:
        """Gain this part of the price at once."""
        self._go(now, self._log + math.log1p(part))

    def set(self, now: float, price: float) -> None:
        """Have this price from now on."""
        self._go(now, math.log(price))

    def recent_move(self) -> float:
        """How much was gained within the last minute, as a part of the price then."""
        return math.expm1(self._log - self._recent[0][1])

    def forget_recent(self) -> None:
        """Measure moves from here on."""
        self._recent = deque([self._recent[-1]])

    def size(self, value: Decimal) -> Decimal:
        """The largest size that can be traded and costs no more than `value` now."""
        return self.stepped(value / self.price)

    def stepped(self, size: Decimal) -> Decimal:
        """A size, rounded down to one that can be traded."""
        return size.quantize(self._step, ROUND_FLOOR)

    def priced(self, price: Decimal) -> Decimal:
        """A price, rounded down to one that can be quoted."""
        return price.quantize(self._tick, ROUND_FLOOR)

    def row(self, now: float) -> dict[str, Any]:
        """The pair in a market_update."""
        (then, volume), (later, _) = self._history[0], self._history[1]
        share = min(1.0, (now - self._period_began_s) / PERIOD_S)
        change = math.expm1(self._log - (then + (later - then) * share))
        return {
            "symbol": self.symbol,
            "price": float(self.price),
            "volume_24h": round(self._history_volume + self._period_volume - share * volume),
            "change_24h": round(100 * change, 2),
        }

    def _go(self, now: float, log_price: float) -> None:
        # A price that reached 0 could never rise again.
        self._log = min(max(log_price, math.log(10 * self._tick)), math.log(MOST_PRICE))
        self.price = self._shown()
        self._roll(now)
        self._recent.append((now, self._log))
        while len(self._recent) > 2 and self._recent[1][0] <= now - RECENT_S:
            self._recent.popleft()

    def _roll(self, now: float) -> None:
        """Move the periods of the history that have ended out of the present one."""
        while now >= self._period_began_s + PERIOD_S:
            self._history.append((self._period_log, self._period_volume))
            self._history_volume += self._period_volume - self._history.popleft()[1]
            self._period_began_s += PERIOD_S
            self._period_log, self._period_volume = self._log, 0.0

    def _day_before(self) -> deque[tuple[float, float]]:
        """A day that ends with the present price: (logarithm of the price when it began, volume) of each period."""
        days: deque[tuple[float, float]] = deque()
        log_price = self._log
        for _ in range(PERIODS):
            log_price -= SIGMA * math.sqrt(PERIOD_S) * self._chance.gauss(0.0, 1.0)
            days.appendleft((log_price, self._volume_pace * PERIOD_S * self._chance.uniform(0.5, 1.5)))
        return days

    def _shown(self) -> Decimal:
        return Decimal(math.exp(self._log)).quantize(self._tick, ROUND_HALF_EVEN)


class Market:
    """All pairs."""

    def __init__(self, facts: Facts, seed: int) -> None:
        self._seed = seed
        self._shared = random.Random(f"{seed}/shared")
        self._moved_at = 0.0
        self.pairs: dict[str, Pair] = {}
        for symbol in {**LISTINGS, **facts.prices}:
            known = LISTINGS.get(symbol, Listing(1.0))
            self.add(symbol, Listing(facts.prices.get(symbol, known.price), known.volume))

    def add(self, symbol: str, listing: Listing) -> None:
        """Have one more pair. Each has a chance of its own, so that one does not disturb another."""
        self.pairs[symbol] = Pair(symbol, listing, random.Random(f"{self._seed}/{symbol}"))

    def move(self, facts: Facts, now: float) -> None:
        """Let the time since the last move pass."""
        passed_s, self._moved_at = now - self._moved_at, now
        shared = self._shared.gauss(0.0, 1.0)
        for pair in self.pairs.values():
            pair.move(now, passed_s, facts.drift, facts.volatility, shared)

    def jump(self, part: float, now: float) -> None:
        """Let all prices gain this part of themselves at once."""
        for pair in self.pairs.values():
            pair.jump(now, part)

    def prices(self) -> dict[str, Decimal]:
        """Symbol -> price."""
        return {symbol: pair.price for symbol, pair in self.pairs.items()}

    def rows(self, now: float) -> list[dict[str, Any]]:
        """The data of a market_update of all pairs."""
        return [pair.row(now) for pair in self.pairs.values()]


def narrowed(rows: Iterable[Mapping[str, Any]], symbols: Container[str]) -> list[Any]:
    """The rows of these symbols."""
    return [row for row in rows if row["symbol"] in symbols]
