"""The simulated market: quotes as a pure function of (seed, symbol, time), so that nobody's looking changes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b

from harness.protocols.skybit.listings import LISTINGS, Listing
from harness.protocols.skybit.rules import Facts

# Proportions of the sample quote (bid 225.05, ask 225.15, last 225.08), kept for every symbol.
SPREAD_OF_PRICE = 0.10 / 225.08
LAST_WITHIN_SPREAD = 0.3

# Prices swing around their start. The swing is sure to reach a good half spread to either side every six quotes:
# an order at the middle of the sample's quote is filled within seconds, whatever the seed.
SWING_OF_PRICE = 0.12 / 225.08
SWING_QUOTES = 3  # From one turning point to the next.
SWING_LEAST = 0.7  # The smallest swing, as a part of the largest.
DRIFT_OF_PRICE = 0.02 / 225.08  # A slower movement beneath it, too small to undo the swing.
DRIFT_QUOTES = 40

QUOTES_A_DAY = 23_400  # Seconds of a trading day; gives volume its pace.


@dataclass(frozen=True, slots=True)
class Quote:
    """The best prices of a symbol (USD, whole cents) with their sizes, the last trade and the day's volume (shares)."""

    symbol: str
    bid: Decimal
    bid_size: int
    ask: Decimal
    ask_size: int
    last: Decimal
    volume: int
    at: float  # Stage time since which it stands.


class Market:
    """All symbols and their quotes. Quote number n of a symbol stands from n times `quotes_every_s` on."""

    def __init__(self, facts: Facts, seed: int) -> None:
        self.listings = dict(LISTINGS)
        for symbol, last in facts.prices.items():
            known = LISTINGS.get(symbol, Listing((symbol,), last))
            self.listings[symbol] = Listing(known.names, last, known.volume)
        self.every_s = facts.quotes_every_s
        self._volatility = facts.volatility
        self._seed = seed
        # Many ask for the same few quotes, and many quotes lie between the same few points.
        self._recent = lru_cache(maxsize=256)(self._numbered)
        self._point = lru_cache(maxsize=256)(self._dice)
        self._stops_at = float("inf")
        if facts.market == "closed":
            self._stops_at = 0.0
        elif facts.closes_at_s > 0:
            self._stops_at = facts.closes_at_s

    @property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Ticker -> the names of its company."""
        return {symbol: listing.names for symbol, listing in self.listings.items()}

    def is_open(self, now: float) -> bool:
        """Whether orders are taken."""
        return now < self._stops_at

    def quote(self, symbol: str, now: float) -> Quote:
        """The quote that stands at `now`; when the market is closed, its last one. KeyError: no such symbol."""
        # A moment that was computed may lie a hair before the quote that it names.
        number = int(min(now, self._stops_at) / self.every_s + 1e-6)
        return self._recent(symbol, number)

    def _numbered(self, symbol: str, number: int) -> Quote:
        listing = self.listings[symbol]
        spread_dice, last_dice, bid_dice, ask_dice, volume_dice = self._dice(symbol, "quote", number)
        calm = min(1.0, self._volatility) if number else 0.0
        last, widest = round(listing.last * 100), max(1, round(listing.last * 100 * SPREAD_OF_PRICE))
        # Spreads vary from three fifths of the widest, the one of the start, on.
        spread = max(1, round(widest * (1 - 0.4 * calm * spread_dice)))
        bid = last - round(widest * LAST_WITHIN_SPREAD) + (widest - spread) // 2
        bid = max(1, bid + round(listing.last * 100 * self._move(symbol, number)))
        within = LAST_WITHIN_SPREAD + calm * (last_dice - LAST_WITHIN_SPREAD)
        pace = max(100, listing.volume // QUOTES_A_DAY)
        return Quote(
            symbol=symbol,
            bid=_usd(bid),
            bid_size=100 * (1 + int(9 * bid_dice)),
            ask=_usd(bid + spread),
            ask_size=100 * (1 + int(9 * ask_dice)),
            last=_usd(bid + round(spread * within)),
            volume=listing.volume + (pace * number + int(pace * volume_dice) if number else 0),
            at=number * self.every_s,
        )

    def _move(self, symbol: str, number: int) -> float:
        """How far the price is from its start, as a part of it."""
        swing = self._between(symbol, number, SWING_QUOTES, self._turning_point)
        drift = self._between(symbol, number, DRIFT_QUOTES, self._drift_point)
        return self._volatility * (SWING_OF_PRICE * swing + DRIFT_OF_PRICE * drift)

    def _between(self, symbol: str, number: int, step: int, point: Callable[[str, int], float]) -> float:
        """The value at a quote on the line between the two points, `step` quotes apart, that it lies between."""
        index, rest = divmod(number, step)
        before = point(symbol, index)
        return before + (point(symbol, index + 1) - before) * rest / step

    def _turning_point(self, symbol: str, index: int) -> float:
        if index == 0:
            return 0.0
        size = SWING_LEAST + (1 - SWING_LEAST) * self._point(symbol, "swing", index)[0]
        return size if index % 2 else -size

    def _drift_point(self, symbol: str, index: int) -> float:
        return 2 * self._point(symbol, "drift", index)[0] - 1 if index else 0.0

    def _dice(self, symbol: str, purpose: str, index: int) -> tuple[float, ...]:
        """Five numbers from 0 to below 1 that belong to this symbol, purpose and index alone."""
        digest = blake2b(f"{self._seed}/{symbol}/{purpose}/{index}".encode(), digest_size=20).digest()
        return tuple(int.from_bytes(digest[i : i + 4], "big") / 2**32 for i in range(0, 20, 4))


def _usd(in_cents: int) -> Decimal:
    return Decimal(in_cents).scaleb(-2)
