"""What a process measures: its users' samples, and how well it kept time itself.

Once a second the samples go to Locust in aggregate, and into figures finer than Locust's; a worker's ride along in its
reports to the master.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent
from gevent.event import Event

from harness.load.figures import Figures, Times
from harness.load.samples import Batch, Key, Samples
from harness.load.timeline import Bin, Course, Timeline

FLUSH_EVERY_S = 1.0
LATE_MS = 10.0  # A clock that is later than this, once in a hundred times, spoils the figures.
IDLE = 0.5  # With less than this share of a core, it is not its own work that makes it late.
BUSY = 0.9  # The share of one core from which on a user waits for the CPU rather than for the server.


class Gauge:
    """What a process measured; on a Locust master, all its workers; on a worker, what the master does not know yet.

    `hand_over(key, batch)` is given the samples, too.
    """

    def __init__(self, hand_over: Callable[[Key, Batch], None] = lambda key, batch: None) -> None:
        self.samples = Samples()
        self.figures = Figures()
        self.timeline = Timeline()
        self.lag = Times()  # How late this process was, whenever it had something to do.
        self.cpu = 0.0  # The largest share of a core that any process has used over the run.
        self.connections = 0  # Open now.
        self._hand_over = hand_over
        self._process = f"{platform.node()}/{os.getpid()}"  # Here, since Locust forks its workers.
        self._late = Batch()
        self._forgot_s = 0.0  # When it began anew.
        self._watching: gevent.Greenlet | None = None
        self._ended = Event()
        self._began: tuple[float, float] | None = None
        self._looked = self._clocks()

    def intend(self, name: str) -> None:
        """One more request was due, or fell due with the reply that it needs."""
        self.figures.intended[name] += 1

    def serve(self, user: str, since_s: float) -> None:
        """A connection of this kind of user has ended that stood since this moment of `time.perf_counter`."""
        self.figures.serve(user, time.perf_counter() - max(since_s, self._forgot_s))

    def late(self, ms: float) -> None:
        """Something was done so much later than it was due, because this process had other things to do."""
        self._late.add_time(ms)

    def watch(self) -> None:
        """Begin to take out samples every second."""
        self.stop()
        self._began = self._looked = self._clocks()
        self._ended.clear()
        self._watching = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Take out the last samples, and no more."""
        if self._watching is not None:
            self._ended.set()
            self._watching.join()
            self._watching = None
            self.flush()

    def flush(self) -> None:
        """Take out what has come since the last time, in pieces, so that no user waits long."""
        bin_ = self._own_bin()
        for key, batch in self.samples.drain().items():
            batch.count_times()
            gevent.sleep(0)
            self._hand_over(key, batch)
            gevent.sleep(0)
            self.figures.row(key[1]).add(batch)
            bin_.add(key[1], batch)
            gevent.sleep(0)
        self.timeline.merge(int(time.time()), bin_)

    def forget(self) -> None:
        """Begin anew with what comes from now on."""
        self.flush()
        self._forgot_s = time.perf_counter()
        self._began = self._clocks() if self._began is not None else None
        self.figures, self.timeline, self.lag = Figures(), Timeline(), Times()

    def complaint(self) -> str | None:
        """Why the figures may be the generator's own, or None when it kept time."""
        lag_ms = self.lag.at(99)[0] or 0.0
        if lag_ms < LATE_MS and self.cpu < BUSY:
            return None
        found = f"its own clock was {lag_ms:.0f} ms late (p99) and it used {self.cpu:.0%} of a core"
        if self.cpu < IDLE:
            return (
                f"The generator was held up, by other processes or by the machine: {found}. Give it a core of its own."
            )
        return (
            f"The generator was the bottleneck, or near it: {found}. "
            "Use fewer users, or more processes (-- --processes N, or workers)."
        )

    def report(self) -> dict[str, Any]:
        """What has come since the last report, for the master."""
        figures, timeline, lag = self.figures, self.timeline, self.lag
        self.figures, self.timeline, self.lag = Figures(), Timeline(), Times()
        return {"figures": figures.packed(), "timeline": timeline.packed(), "lag": lag.packed(), "cpu": self.cpu}

    def merge(self, report: Mapping[str, Any]) -> None:
        """Take in a worker's report."""
        self.figures.merge(report["figures"])
        self.timeline.merge_packed(report["timeline"])
        self.lag.add(report["lag"])
        self.cpu = max(self.cpu, report["cpu"])

    def _watch(self) -> None:
        while not self._ended.wait(FLUSH_EVERY_S):
            self.flush()

    def _own_bin(self) -> Bin:
        """What this process tells of itself, since it last did."""
        late, self._late = self._late, Batch()
        late.count_times()
        self.lag.add(late.counts)
        lag_ms = Course(times_us=late.counts).at(0.99) or 0.0
        now = self._clocks()
        cpu = _share(self._looked, now)
        if self._began is not None:
            self.cpu = max(0.0, _share(self._began, now))
        self._looked = now
        return Bin({self._process: self.connections}, lag_ms, cpu)

    @staticmethod
    def _clocks() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()


def _share(before: tuple[float, float], now: tuple[float, float]) -> float:
    """Of a core, between two looks at the clocks."""
    return (now[1] - before[1]) / max(1e-6, now[0] - before[0])
