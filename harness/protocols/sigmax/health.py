"""How a machine does that is made up: figures that wander around their usual values."""

from __future__ import annotations

import random
from typing import Any

from harness.core.world import Vitals

USUAL = Vitals(45.2, 62.1, 35.0, 150)  # Health Update Event: the sample's.


class Simulated:
    """Made-up figures; each asking is one step on."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._now = USUAL

    def __call__(self) -> Vitals:
        """The figures now."""
        before = self._now
        self._now = Vitals(
            cpu_percent=self._wander(before.cpu_percent, USUAL.cpu_percent, 8.0),
            memory_percent=self._wander(before.memory_percent, USUAL.memory_percent, 1.5),
            disk_percent=self._wander(before.disk_percent, USUAL.disk_percent, 0.1),
            process_count=round(self._wander(before.process_count, USUAL.process_count, 4.0, most=1000.0)),
        )
        return self._now

    def _wander(self, value: float, usual: float, step: float, most: float = 100.0) -> float:
        """One step of a walk that is drawn back to what is usual."""
        return min(most, max(1.0, value + 0.2 * (usual - value) + self._chance.gauss(0.0, step)))


def health_data(vitals: Vitals) -> dict[str, Any]:
    """The data of a health_update; shares to one decimal, as in the sample."""
    return {
        "cpu_percent": round(vitals.cpu_percent, 1),
        "memory_percent": round(vitals.memory_percent, 1),
        "disk_percent": round(vitals.disk_percent, 1),
        "process_count": vitals.process_count,
    }
