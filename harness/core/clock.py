"""Time as an argument: the agenda of what is due, the wall clock of a stage, and an event loop of virtual time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

Call = Callable[[float], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns a stage's own time (seconds since it began) into the time of day that messages carry."""

    epoch_s: float = 1705314600.0  # 2024-01-15T10:30:00Z, the moment of Skybit's sample messages.

    def wall_s(self, now: float) -> float:
        """Epoch seconds at stage time `now`."""
        return self.epoch_s + now


class Agenda:
    """Calls that are due at known moments of a stage's time, in order of moment, then of entry."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Call]] = []
        self._count = itertools.count()

    def at(self, due: float, call: Call) -> None:
        """Note that `call(due)` shall happen at stage time `due`."""
        heapq.heappush(self._heap, (due, next(self._count), call))

    def next_due(self) -> float | None:
        """The moment of the earliest call, or None when there is none."""
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Make every call that is due by `now`, those included that the calls themselves add."""
        while self._heap and self._heap[0][0] <= now:
            due, _, call = heapq.heappop(self._heap)
            call(due)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it.

    It serves code that talks through memory only. When nothing is ready and no timer is set,
    it raises RuntimeError, since waiting would last for ever.
    """

    def __init__(self) -> None:
        self._virtual_s = 0.0
        super().__init__(_JumpingSelector(self._jump))
        # Timers within this distance are run together. The default assumes a clock of milliseconds.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual_s

    def _jump(self, timeout_s: float | None) -> None:
        if timeout_s is None:
            raise RuntimeError("virtual time stands still: every task waits for something that no timer will bring")
        self._virtual_s += timeout_s


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, jump: Callable[[float | None], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._jump(timeout)
        return []  # Nothing comes from outside.


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
