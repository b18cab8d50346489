"""What a run comes to: each row's count, failures and distribution of times, merged over all processes.

Times are kept in HdrHistograms, exact to three digits from a microsecond to an hour, whatever Locust rounds them to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hdrh.histogram import HdrHistogram

from harness.load.samples import Batch, Counts, add

HIGHEST_US = 3600 * 1_000_000
DIGITS = 3
_new_histogram: Any = HdrHistogram  # It has no types.


class Times:
    """A distribution of times.

    They are counted in a dictionary, which takes and merges them faster; an HdrHistogram of the same precision tells
    the percentiles.
    """

    def __init__(self) -> None:
        self._counts: Counts = {}

    def add(self, counts: Counts) -> None:
        """Take in how often each time occurred, to three digits; another process's as well."""
        add(self._counts, counts)

    def at(self, *percents: float) -> list[float | None]:
        """The times in ms that so many percent do not exceed; None when there are none."""
        if not self._counts:
            return [None for _ in percents]
        histogram: Any = _new_histogram(1, HIGHEST_US, DIGITS)
        for us, count in self._counts.items():
            histogram.record_value(min(us, HIGHEST_US), count)
        return [histogram.get_value_at_percentile(percent) / 1000 for percent in percents]

    def packed(self) -> Counts:
        """All of it, for another process's `add`."""
        return self._counts


class Figure:
    """What was measured of one row."""

    def __init__(self) -> None:
        self.count = 0  # How many ended, well or not.
        self.failures = 0
        self.size = 0  # Bytes received.
        self.times = Times()

    def add(self, batch: Batch) -> None:
        """Take in samples."""
        self.count += batch.count
        self.failures += batch.failures
        self.size += batch.size
        self.times.add(batch.counts)

    def packed(self) -> dict[str, Any]:
        """All of it, for another process."""
        return {"count": self.count, "failures": self.failures, "size": self.size, "times": self.times.packed()}

    def merge(self, packed: Mapping[str, Any]) -> None:
        """Take in another process's."""
        self.count += packed["count"]
        self.failures += packed["failures"]
        self.size += packed["size"]
        self.times.add(packed["times"])


class Figures:
    """What was measured of all rows, and how much was intended."""

    def __init__(self) -> None:
        self.intended: Counter[str] = Counter()
        self.served_s: dict[str, float] = {}  # Kind of user -> the seconds of all its connections.
        self.rows: dict[str, Figure] = {}

    def row(self, name: str) -> Figure:
        """That row's figure."""
        return self.rows.setdefault(name, Figure())

    def serve(self, user: str, seconds: float) -> None:
        """A connection of this kind of user has stood for so long."""
        self.served_s[user] = self.served_s.get(user, 0.0) + seconds

    def packed(self) -> dict[str, Any]:
        """All of it, for another process."""
        rows = {name: figure.packed() for name, figure in self.rows.items()}
        return {"intended": dict(self.intended), "served_s": self.served_s, "rows": rows}

    def merge(self, packed: Mapping[str, Any]) -> None:
        """Take in another process's."""
        self.intended.update(packed["intended"])
        for user, seconds in packed["served_s"].items():
            self.serve(user, seconds)
        for name, figure in packed["rows"].items():
            self.row(name).merge(figure)
