"""What users measure: kept in lists and taken out once a second, since an event for every message costs too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

Key = tuple[str, str]  # The class of the user, and the row.
Counts = dict[int, int]  # How often each time was taken, in microseconds.
AT_ONCE = 500
FINE_BITS = 11  # 2^11 steps in each power of two, which is three digits, as in an HdrHistogram.


@dataclass
class Batch:
    """The samples of one row. Times are counted some hundred at a time: many at once would hold up the users."""

    times_ms: list[float] = field(default_factory=list)  # Of those that took time, as far as they are not counted yet.
    counts: Counts = field(default_factory=dict)  # Of those that are, to three digits.
    untimed: int = 0
    size: int = 0  # Bytes received.
    errors: Counter[str] = field(default_factory=Counter)  # How many failed, by reason.
    total_ms: float = 0.0
    min_ms: float = float("inf")
    max_ms: float = 0.0

    def add_time(self, ms: float) -> None:
        """Take one that took time."""
        times_ms = self.times_ms
        times_ms.append(ms)
        if len(times_ms) >= AT_ONCE:
            self.count_times()

    def count_times(self) -> None:
        """Count what lies in the list."""
        times_ms, self.times_ms = self.times_ms, []
        if times_ms:
            self.total_ms += sum(times_ms)
            self.min_ms = min(self.min_ms, min(times_ms))
            self.max_ms = max(self.max_ms, max(times_ms))
            add(self.counts, counted(times_ms))

    @property
    def count(self) -> int:
        """How many there are, failures included."""
        return sum(self.counts.values()) + len(self.times_ms) + self.untimed

    @property
    def failures(self) -> int:
        """How many have failed."""
        return self.errors.total()


class Samples:
    """The samples of one process that nobody has taken out yet."""

    def __init__(self) -> None:
        self.batches: dict[Key, Batch] = {}

    def add(self, user: str, row: str, ms: float | None, size: int = 0, error: str | None = None) -> None:
        """Take one sample; without `ms`, one that took no time."""
        batch = self.batches.get((user, row))
        if batch is None:
            batch = self.batches[user, row] = Batch()
        if ms is None:
            batch.untimed += 1
        else:
            batch.add_time(ms)
        batch.size += size
        if error is not None:
            batch.errors[error] += 1

    def drain(self) -> Mapping[Key, Batch]:
        """All that has come since the last time."""
        batches, self.batches = self.batches, {}
        return batches


def counted(times_ms: list[float]) -> Counts:
    """How often each time occurs, to three digits, and as one microsecond when it is shorter."""
    return folded(Counter([int(ms * 1000 + 0.5) for ms in times_ms]), FINE_BITS)


def folded(counts: Mapping[int, int], bits: int) -> Counts:
    """The same with 2^bits steps in each power of two, so that there are few of them."""
    result: Counts = {}
    for us, count in counts.items():
        spare = us.bit_length() - bits
        kept = us >> spare << spare if spare > 0 else us or 1
        result[kept] = result.get(kept, 0) + count
    return result


def add(counts: Counts, more: Mapping[int, int]) -> None:
    """Add counts to others."""
    for us, count in more.items():
        counts[us] = counts.get(us, 0) + count
