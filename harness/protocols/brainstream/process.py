"""How prices move: a process that changes its regime (3.2) by a Markov chain. Moves are in units of a usual one."""

from __future__ import annotations

import math
from random import Random

from harness.protocols.brainstream.rules import Regime

STABILITY = 1.6  # The tail index of the Lévy stable regime: below 2, the variance is infinite.
LARGEST = 250.0  # No move is larger: exchanges interrupt trading, too.
PULL_TICKS = 5000  # The time in which the sum of the moves comes back to nothing, so that no day ends anywhere.

# Critical: GARCH(1,1) close to where its variance explodes (REACTION + MEMORY near 1), and moves that feed on the last.
FIRST_VARIANCE, USUAL_VARIANCE, VARIANCE_MOST = 4.0, 16.0, 400.0
REACTION, MEMORY = 0.2, 0.795
FEEDBACK = 0.35

# Per tick: the chance that a regime ends, and what follows it.
ENDS: dict[Regime, float] = {"Gaussian": 1 / 300, "Lévy Stable": 1 / 240, "Critical": 1 / 60}
FOLLOWS: dict[Regime, tuple[Regime, Regime, float]] = {  # The last is the chance of the first.
    "Gaussian": ("Lévy Stable", "Critical", 0.8),
    "Lévy Stable": ("Gaussian", "Critical", 0.6),
    "Critical": ("Lévy Stable", "Gaussian", 0.7),
}


def stable(alpha: float, chance: Random) -> float:
    """A symmetric alpha-stable number of scale 1, by Chambers, Mallows and Stuck (1976); 1 < alpha <= 2.

    With alpha = 2 it is normal, of variance 2.
    """
    angle = math.pi * (chance.random() - 0.5)
    # random() may be 0 but never 1, so that the logarithm is finite, though it may be 0.
    wait = -math.log(1.0 - chance.random()) or 1e-300
    ratio: float = math.sin(alpha * angle) / math.cos(angle) ** (1 / alpha)
    factor: float = (math.cos((1 - alpha) * angle) / wait) ** ((1 - alpha) / alpha)
    return ratio * factor


class Process:
    """The regime that reigns, and the moves that it makes."""

    def __init__(self, regime: Regime, seed: str) -> None:
        self.regime = regime
        self._moves = Random(f"{seed}/moves")
        self._changes = Random(f"{seed}/regimes")
        self._variance = FIRST_VARIANCE
        self._last = 0.0
        self._sum = 0.0

    def enter(self, regime: Regime) -> None:
        """From now on this regime reigns, until it ends by chance."""
        if regime != self.regime:
            self.regime = regime
            self._variance, self._last = FIRST_VARIANCE, 0.0

    def change(self) -> None:
        """Let one tick's chance of another regime pass."""
        if self._changes.random() < ENDS[self.regime]:
            first, second, chance = FOLLOWS[self.regime]
            self.enter(first if self._changes.random() < chance else second)

    def move(self) -> float:
        """The next move."""
        move = max(-LARGEST, min(self._free_move(), LARGEST)) - self._sum / PULL_TICKS
        self._sum += move
        return move

    def _free_move(self) -> float:
        if self.regime == "Gaussian":
            return self._moves.gauss(0.0, 1.0)
        if self.regime == "Critical":
            return self._critical()
        # The scale at which a stability of 2 would be the Gaussian regime.
        return stable(STABILITY, self._moves) / math.sqrt(2.0)

    def _critical(self) -> float:
        shock = self._moves.gauss(0.0, math.sqrt(self._variance))
        variance = USUAL_VARIANCE * (1 - REACTION - MEMORY) + REACTION * shock * shock + MEMORY * self._variance
        self._variance = min(variance, VARIANCE_MOST)
        self._last = FEEDBACK * self._last + shock
        return self._last
