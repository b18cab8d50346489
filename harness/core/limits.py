"""Limits: so many in such a time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` within any `window_s` seconds."""

    count: int
    window_s: float

    def __str__(self) -> str:
        return f"{self.count} per {self.window_s:g}s"


class SlidingWindow:
    """Counts what was allowed during the last `rate.window_s` seconds; what it refuses does not count."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._moments: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Whether one more is allowed at `now`; if so, it is counted."""
        if self.retry_after_s(now) > 0:
            return False
        self.count(now)
        return True

    def retry_after_s(self, now: float) -> float:
        """Seconds until one more will be allowed; 0 when it is allowed already."""
        moments, rate = self._moments, self.rate
        while moments and moments[0] <= now - rate.window_s:
            moments.popleft()
        if len(moments) < rate.count:
            return 0.0
        return moments[0] + rate.window_s - now if moments else rate.window_s

    def count(self, now: float) -> None:
        """Count one more at `now`, of which is known that it is allowed."""
        self._moments.append(now)


class TokenBucket:
    """Lets `rate.count` pass at once, and then as many in each `rate.window_s` as come back one by one."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._tokens = float(rate.count)
        self._filled_at = 0.0

    def allows(self, now: float) -> bool:
        """Whether one more is allowed at `now`; if so, it takes a token. What is refused takes none."""
        self._fill(now)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def retry_after_s(self, now: float) -> float:
        """Seconds until one more will be allowed; 0 when it is allowed already, infinity when it never is."""
        self._fill(now)
        if self._tokens >= 1.0:
            return 0.0
        return (1.0 - self._tokens) * self.rate.window_s / self.rate.count if self.rate.count else float("inf")

    def _fill(self, now: float) -> None:
        gained = (now - self._filled_at) * self.rate.count / self.rate.window_s
        self._filled_at = now
        # A rounding must not cost a token: after exactly the time for one, it is there.
        self._tokens = min(float(self.rate.count), round(self._tokens + gained, 9))
