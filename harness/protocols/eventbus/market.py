"""The prices that are predicted and traded: a seeded path for each instrument, which nobody's looking changes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

# Where the default instruments start, in USD; others start anywhere between the bounds below.
STARTS = {"BTCUSDT": 42850.0, "ETHUSDT": 2530.0, "SOLUSDT": 97.5}
LEAST_START, MOST_START = 20.0, 2000.0
LEAST_PRICE = 0.05

STEP_SIGMA = 0.0003  # The standard deviation of a second's return, at volatility 1.
# Each second, prices return by this part of the way to their start: so a day or a year stays believable,
# and there is something for a model to predict.
PULL = 1 / 3600


@dataclass(slots=True)
class _Path:
    start: float
    chance: random.Random
    second: int  # How far the path has been walked.
    deviation: float = 0.0  # Of the logarithm of the price, from that of the start.

    @property
    def price(self) -> float:
        return max(LEAST_PRICE, round(self.start * math.exp(self.deviation), 2))

    def walk(self, second: int, volatility: float) -> None:
        while self.second < second:
            self.second += 1
            step = self.chance.gauss(0.0, STEP_SIGMA)
            if volatility > 0:
                self.deviation += volatility * step - PULL * self.deviation


class Market:
    """All prices, in whole cents; they move once a second. An instrument that only a script knows is listed by it."""

    def __init__(self, seed: int, volatility: float, instruments: Iterable[str]) -> None:
        self._seed = seed
        self._volatility = volatility
        self._paths = {each: self._listed(each, 0) for each in instruments}

    def price(self, instrument: str, now: float) -> float:
        """What the instrument trades at."""
        return self._path(instrument, now).price

    def turn(self, volatility: float, now: float) -> None:
        """From now on prices move so strongly."""
        for instrument in self._paths:
            self._path(instrument, now)
        self._volatility = volatility

    def spread(self, time_s: float) -> float:
        """The standard deviation of a return over so many seconds, roughly: without the pull."""
        return STEP_SIGMA * self._volatility * math.sqrt(time_s)

    def expected(self, instrument: str, time_s: float, now: float) -> float:
        """The return over so many seconds that the pull alone would bring."""
        if self._volatility == 0:
            return 0.0
        deviation = self._path(instrument, now).deviation
        return math.expm1(deviation * math.expm1(-PULL * time_s))

    def _path(self, instrument: str, now: float) -> _Path:
        second = int(now + 1e-6)  # Moments come as sums and differences of floats.
        path = self._paths.get(instrument)
        if path is None:
            path = self._paths[instrument] = self._listed(instrument, second)
        path.walk(second, self._volatility)
        return path

    def _listed(self, instrument: str, second: int) -> _Path:
        chance = random.Random(f"{self._seed}/{instrument}")
        start = STARTS.get(instrument) or round(chance.uniform(LEAST_START, MOST_START), 2)
        return _Path(start, chance, second)
