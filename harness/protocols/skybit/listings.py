"""The symbols that are traded in this world, with the names that people call them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol that is traded: the names of its company, its last price (USD) and volume (shares) at the start."""

    names: tuple[str, ...]
    last: float
    volume: int = 1_000_000


LISTINGS: Mapping[str, Listing] = {
    "AAPL": Listing(("Apple", "Apple Inc."), 225.08, 42_358_291),
    "GOOGL": Listing(("Alphabet", "Google", "Alphabet Inc."), 178.42, 21_904_116),
    "MSFT": Listing(("Microsoft", "Microsoft Corporation"), 415.27, 18_220_873),
    "AMZN": Listing(("Amazon", "Amazon.com"), 186.51, 30_115_408),
    "NVDA": Listing(("Nvidia", "NVIDIA Corporation"), 131.64, 198_530_722),
    "META": Listing(("Meta", "Facebook", "Meta Platforms"), 563.33, 12_096_540),
    "TSLA": Listing(("Tesla", "Tesla Motors"), 248.98, 77_412_035),
    "NFLX": Listing(("Netflix",), 698.54, 3_310_287),
    "AMD": Listing(("Advanced Micro Devices",), 156.22, 35_871_904),
    "INTC": Listing(("Intel",), 22.68, 54_038_619),
    "JPM": Listing(("JPMorgan", "JPMorgan Chase", "JP Morgan"), 221.49, 8_114_362),
    "V": Listing(("Visa",), 288.71, 5_602_748),
    "KO": Listing(("Coca-Cola", "Coca Cola", "Coke"), 69.87, 11_730_955),
    "DIS": Listing(("Disney", "Walt Disney"), 96.13, 9_845_201),
    "BA": Listing(("Boeing",), 155.01, 10_287_466),
    "SPY": Listing(("S&P 500", "SPDR S&P 500"), 584.59, 47_216_830),
}
