"""How heavy the tail of the recent returns is: Hill's estimator (Hill 1975) over a window."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

WINDOW = 300  # Returns that are looked at.
TOP = 30  # The largest of them, by which the tail is judged.
ALPHA_MOST = 20.0  # Thinner than this is no tail at all, as when nothing moves.

_LOG_OF_NOTHING = math.log(1e-12)  # Stands for a return of 0, which has no logarithm.
_MEDIAN_OF_NORMAL = 0.6745  # Of |x|, where x is normal with a deviation of 1.


class Tail:
    """The newest WINDOW absolute returns, kept in order, so that one more costs little."""

    def __init__(self) -> None:
        self._newest: deque[float] = deque()
        self._sorted: list[float] = []  # The logarithms of the returns, rising.

    def add(self, change: float) -> None:
        """One more return (a log return); beyond WINDOW the oldest is forgotten."""
        size = abs(change)
        value = math.log(size) if size > 1e-12 else _LOG_OF_NOTHING
        if len(self._newest) == WINDOW:
            del self._sorted[bisect_left(self._sorted, self._newest.popleft())]
        self._newest.append(value)
        insort(self._sorted, value)

    @property
    def alpha(self) -> float:
        """1 / mean(log(x_i / x_least)) over the TOP largest, x_least the next one below them; at most ALPHA_MOST.

        Small for heavy tails: about the stability index of Lévy stable returns, 4 and more for normal ones.
        """
        threshold = self._sorted[-TOP - 1]
        excess = sum(self._sorted[-TOP:]) - TOP * threshold
        if threshold == _LOG_OF_NOTHING or excess * ALPHA_MOST <= TOP:
            return ALPHA_MOST
        return TOP / excess

    @property
    def scale(self) -> float:
        """The deviation of the returns, by their median, which a few wild ones do not move."""
        return math.exp(self._sorted[len(self._sorted) // 2]) / _MEDIAN_OF_NORMAL
