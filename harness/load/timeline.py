"""How a run went over time: bins of a second at first, and of twice as much whenever there are too many of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.load.samples import Batch

MOST_BINS = 600
Counts = dict[str, int]


@dataclass
class Course:
    """What became of one row within a bin."""

    count: int = 0
    failures: int = 0
    times_us: dict[int, int] = field(default_factory=dict)  # How often each time was taken, to two digits.

    def at(self, share: float) -> float | None:
        """The time in ms that such a share does not exceed; None when there is none."""
        left = sum(self.times_us.values()) * share
        for us in sorted(self.times_us):
            left -= self.times_us[us]
            if left <= 1e-9:
                return us / 1000
        return None

    def add(self, count: int, failures: int, times_us: Mapping[int, int]) -> None:
        """Take in more."""
        self.count += count
        self.failures += failures
        for us, times in times_us.items():
            self.times_us[us] = self.times_us.get(us, 0) + times


@dataclass
class Bin:
    """A piece of time. What processes tell of themselves stands by their names, so that the newest counts."""

    connections: Counts = field(default_factory=dict)
    lag_ms: float = 0.0  # How late the generator's own clock was (p99), at worst.
    cpu: float = 0.0  # The share of a core that one process used, at most.
    rows: dict[str, Course] = field(default_factory=dict)

    def add(self, row: str, batch: Batch) -> None:
        """Take in samples."""
        coarse: dict[int, int] = {}
        for us, count in batch.times_us.items():
            kept = int(float(f"{us:.2g}"))
            coarse[kept] = coarse.get(kept, 0) + count
        self.rows.setdefault(row, Course()).add(batch.count, batch.failures, coarse)

    def merge(self, other: Bin) -> None:
        """Take in another process's, or what came later."""
        self.connections |= other.connections
        self.lag_ms = max(self.lag_ms, other.lag_ms)
        self.cpu = max(self.cpu, other.cpu)
        for name, course in other.rows.items():
            self.rows.setdefault(name, Course()).add(course.count, course.failures, course.times_us)


class Timeline:
    """The bins of a run, by the second of their beginning."""

    def __init__(self, most: int = MOST_BINS) -> None:
        self.width_s = 1
        self._most = most
        self._bins: dict[int, Bin] = {}

    def __iter__(self) -> Iterator[tuple[int, Bin]]:
        """Each bin with the second since the epoch at which it begins."""
        return ((number * self.width_s, self._bins[number]) for number in sorted(self._bins))

    def merge(self, second: int, bin_: Bin) -> None:
        """Take in what was in this second."""
        self._bins.setdefault(second // self.width_s, Bin()).merge(bin_)
        if len(self._bins) > self._most:
            self.width_s *= 2
            finer, self._bins = self._bins, {}
            for number in sorted(finer):
                self._bins.setdefault(number // 2, Bin()).merge(finer[number])

    def packed(self) -> list[Any]:
        """All of it, for another process."""
        return [[second, bin_.connections, bin_.lag_ms, bin_.cpu, _packed(bin_.rows)] for second, bin_ in self]

    def merge_packed(self, packed: list[Any]) -> None:
        """Take in another process's."""
        for second, connections, lag_ms, cpu, rows in packed:
            self.merge(second, Bin(connections, lag_ms, cpu, {name: Course(*row) for name, row in rows.items()}))


def _packed(rows: Mapping[str, Course]) -> dict[str, Any]:
    return {name: [course.count, course.failures, course.times_us] for name, course in rows.items()}
