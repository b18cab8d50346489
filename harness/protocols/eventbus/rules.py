"""EventBus's numbers: the one timer of a connection, and the facts of the world that a scenario may set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

INTERVAL = re.compile(r"([1-9]\d{0,3})([smhd])", re.ASCII)
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_INSTRUMENTS = 100
MOST_HORIZONS = 20
MOST_STEPS = 100
MOST_VOLATILE = 50.0
PACES = (0.01, 100.0)  # Slower than the first, nothing would ever be seen; faster than the last, nothing else would.

Running = Literal["running", "stopped", "failing"]
Fates = Literal["mixed", "succeeding", "failing", "paused"]


@dataclass(frozen=True, slots=True)
class Rules:
    """The timer of a connection; the spec names none.

    ValueError, in words, when a value is none that a server can keep.
    """

    ping_every_s: float = 20.0  # As uvicorn does, which serves such back ends.

    def __post_init__(self) -> None:
        _demand(self.ping_every_s > 0, "ping_every_s", "a time above 0", self.ping_every_s)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scenario's `world` may say.

    ValueError, in words, when a value is none that a world can have.
    """

    instruments: Sequence[str] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")  # Keys of what is predicted and traded.
    horizons: Mapping[str, int] = field(default_factory=lambda: {"5s": 3, "1m": 5})  # Interval -> bars predicted ahead.
    # While it is stopped, nothing is predicted; while failing, each cycle has an error in place of its predictions.
    predictor: Running = "running"
    automation: Fates = "mixed"  # How jobs end; while paused, none begins or moves by itself.
    training: Fates = "mixed"  # The same of trainings.
    # While it is stopped, nothing is traded; while failing, the broker refuses all orders, entries and exits alike.
    hft: Running = "running"
    broker: str = "paper"  # The name of the trader's broker.
    flatten: bool = False  # Once it becomes true, all open trades are closed.
    volatility: float = 1.0  # Multiplies the size of price moves; 0 holds prices still.
    # Multiplies how often things happen, from the next wait on; predictions keep to their bars.
    pace: float = 1.0

    def __post_init__(self) -> None:
        names = list(self.instruments)
        _demand(1 <= len(names) <= MOST_INSTRUMENTS, "instruments", f"1 to {MOST_INSTRUMENTS} keys", len(names))
        _demand(all(names), "instruments", "keys that are not empty", "")
        _demand(len(set(names)) == len(names), "instruments", "each key once", names)
        count = len(self.horizons)
        _demand(1 <= count <= MOST_HORIZONS, "horizons", f"1 to {MOST_HORIZONS} intervals", count)
        for interval, steps in self.horizons.items():
            place = f"horizons.{interval}"
            _demand(bool(INTERVAL.fullmatch(interval)), place, "an interval such as 5s, 1m or 1h", interval)
            _demand(1 <= steps <= MOST_STEPS, place, f"1 to {MOST_STEPS} bars", steps)
        _demand(bool(self.broker), "broker", "a name", self.broker)
        _demand(0 <= self.volatility <= MOST_VOLATILE, "volatility", f"0 to {MOST_VOLATILE:g}", self.volatility)
        _demand(PACES[0] <= self.pace <= PACES[1], "pace", f"{PACES[0]:g} to {PACES[1]:g}", self.pace)


def interval_s(interval: str) -> int:
    """Seconds in a bar.

    >>> [interval_s(each) for each in ("5s", "1m", "2h", "1d")]
    [5, 60, 7200, 86400]
    """
    match = INTERVAL.fullmatch(interval)
    if match is None:
        raise ValueError(f"expected an interval such as 5s, 1m or 1h, found {interval!r}")
    return int(match[1]) * _UNITS_S[match[2]]


def _demand(holds: bool, name: str, expected: str, found: object) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}, found {found!r}")
