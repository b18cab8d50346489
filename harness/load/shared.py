"""What the users of one process share: since they have one clock, they can time what goes from one to another."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Hashable

MOST_MOMENTS = 10_000  # With more, the oldest are forgotten.


class Shared:
    """Moments that one user notes and others ask for, and names for what they do together."""

    def __init__(self) -> None:
        self.name = uuid.uuid4().hex[:8]  # No other process, of this run or another, has it.
        self._numbers = itertools.count()
        self._moments: dict[Hashable, float] = {}

    def number(self) -> int:
        """Counts from 0."""
        return next(self._numbers)

    def first(self, key: Hashable, at_s: float) -> float:
        """The moment that was noted first under this key; `at_s` itself when it is that."""
        moment = self._moments.setdefault(key, at_s)
        if len(self._moments) > MOST_MOMENTS:
            del self._moments[next(iter(self._moments))]
        return moment

    def moment(self, key: Hashable) -> float | None:
        """The moment that was noted under this key; None when there is none, or it was long ago."""
        return self._moments.get(key)
