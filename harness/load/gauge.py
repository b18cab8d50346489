"""What only this project's users know: how much was intended, and how well the generator itself kept time.

Locust keeps the samples and merges them over its workers; this rides along in the workers' reports.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import gevent

LOOK_EVERY_S = 0.1
LATE_MS = 20.0  # A clock that is later than this, in one look of a hundred, spoils the figures.
BUSY = 0.9  # The share of one core from which on a greenlet waits for the CPU rather than for the server.


class Gauge:
    """Counts of one process, or, on a Locust master, of all its workers."""

    def __init__(self) -> None:
        self.intended: Counter[str] = Counter()
        self.served_s: Counter[str] = Counter()  # Kind of user -> seconds of all their connections.
        self.lags_ms: list[float] = []
        self.cpu = 0.0  # The largest share of a core that any process has used over the run.
        self._fresh = 0
        self._told: Counter[str] = Counter()
        self._told_s: Counter[str] = Counter()
        self._watching: gevent.Greenlet | None = None

    def intend(self, name: str) -> None:
        """One more request was due, or fell due with the reply that it needs."""
        self.intended[name] += 1

    def serve(self, user: str, seconds: float) -> None:
        """A connection of this kind of user has stood for so long."""
        self.served_s[user] += seconds  # type: ignore[assignment]  # A Counter may hold parts, too.

    def watch(self) -> None:
        """Begin to measure this process's own lateness and CPU time."""
        self.stop()
        self._watching = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Measure no more."""
        if self._watching is not None:
            self._watching.kill()
            self._watching = None

    def lag_p99_ms(self) -> float:
        """How late this process's clock was, at the 99th percentile."""
        ordered = sorted(self.lags_ms)
        return ordered[int(len(ordered) * 0.99)] if ordered else 0.0

    def complaint(self) -> str | None:
        """Why the figures may be the generator's own, or None when it kept time."""
        lag_ms = self.lag_p99_ms()
        if lag_ms < LATE_MS and self.cpu < BUSY:
            return None
        return (
            f"The generator was the bottleneck, or near it: its own clock was {lag_ms:.0f} ms late (p99) and it used "
            f"{self.cpu:.0%} of a core. Use fewer users, or more processes (-- --processes N, or workers)."
        )

    def report(self) -> dict[str, Any]:
        """What has come since the last report, for the master."""
        fresh, self._fresh = self.lags_ms[self._fresh :], len(self.lags_ms)
        intended, self._told = self.intended - self._told, Counter(self.intended)
        served_s, self._told_s = self.served_s - self._told_s, Counter(self.served_s)
        return {"intended": dict(intended), "served_s": dict(served_s), "lags_ms": fresh, "cpu": self.cpu}

    def merge(self, report: Mapping[str, Any]) -> None:
        """Take in a worker's report."""
        self.intended.update(report["intended"])
        self.served_s.update(report["served_s"])
        self.lags_ms.extend(report["lags_ms"])
        self.cpu = max(self.cpu, report["cpu"])

    def _watch(self) -> None:
        began_s, cpu_s = time.perf_counter(), time.process_time()
        while True:
            due_s = time.perf_counter() + LOOK_EVERY_S
            gevent.sleep(LOOK_EVERY_S)
            now_s = time.perf_counter()
            self.lags_ms.append((now_s - due_s) * 1000)
            self.cpu = max(0.0, (time.process_time() - cpu_s) / (now_s - began_s))
