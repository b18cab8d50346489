"""What users measure: kept in lists and taken out once a second, since an event for every message costs too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

Key = tuple[str, str]  # The class of the user, and the row.
BITS = 11  # What is kept of a time: 2^11 steps in each power of two, which is three digits, as in an HdrHistogram.


@dataclass
class Batch:
    """The samples of one row."""

    times_ms: list[float] = field(default_factory=list)  # Of those that took time, failures included.
    untimed: int = 0
    size: int = 0  # Bytes received.
    errors: Counter[str] = field(default_factory=Counter)  # How many failed, by reason.

    @property
    def count(self) -> int:
        """How many there are, failures included."""
        return len(self.times_ms) + self.untimed

    @property
    def failures(self) -> int:
        """How many have failed."""
        return self.errors.total()

    @cached_property
    def times_us(self) -> Mapping[int, int]:
        """How often each time was taken, to three digits; only when no more samples will come."""
        return counted(self.times_ms)


class Samples:
    """The samples of one process that nobody has taken out yet."""

    def __init__(self) -> None:
        self._batches: dict[Key, Batch] = {}

    def add(self, user: str, row: str, ms: float | None, size: int = 0, error: str | None = None) -> None:
        """Take one sample; without `ms`, one that took no time."""
        batch = self._batches.get((user, row))
        if batch is None:
            batch = self._batches[user, row] = Batch()
        if ms is None:
            batch.untimed += 1
        else:
            batch.times_ms.append(ms)
        batch.size += size
        if error is not None:
            batch.errors[error] += 1

    def drain(self) -> Mapping[Key, Batch]:
        """All that has come since the last time."""
        batches, self._batches = self._batches, {}
        return batches


def counted(times_ms: Iterable[float]) -> Mapping[int, int]:
    """How often each time occurs, in microseconds of at least one, and to three digits, so that there are few."""
    result: dict[int, int] = {}
    for us, count in Counter([round(ms * 1000) for ms in times_ms]).items():
        spare = max(0, us.bit_length() - BITS)
        kept = max(1, us >> spare << spare)
        result[kept] = result.get(kept, 0) + count
    return result
