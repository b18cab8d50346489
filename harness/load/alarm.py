"""Does what is on agendas when it is due, in gevent's hub: no user needs a greenlet, or a timer, that waits for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from time import perf_counter

from harness.core.clock import Agenda
from harness.load.behaviour import Lost
from harness.load.timers import NEVER, Timer, timer

ALWAYS = float("-inf")
WINDOWS_PER_S = 64  # So that of thousands of calls only some hundred are kept in order at a time.

Call = Callable[[float], None]


class Bell:
    """Makes calls when they are due, by one timer for all: thousands of timers cost more than what they are for.

    Times are those of `time.perf_counter`.
    """

    def __init__(self, new_timer: Callable[[Callable[[], None]], Timer] = timer) -> None:
        self._new_timer = new_timer
        self._timer: Timer | None = None  # Made when it is needed first, since Locust forks its workers before that.
        self._due_s = NEVER  # When the timer goes off; earlier than anything while calls are made.
        self._count = itertools.count()
        self._near: list[tuple[float, int, Call]] = []  # A heap: all until the end of the window.
        self._window = 0
        self._far: dict[int, list[tuple[float, int, Call]]] = {}  # What is in the windows after it.
        self._far_windows: list[int] = []  # A heap.

    def at(self, due_s: float, call: Call) -> None:
        """Make `call(due_s)` in gevent's hub, as soon as that moment has come. It must not fail."""
        entry = (due_s, next(self._count), call)
        window = int(due_s * WINDOWS_PER_S)
        if window <= self._window:
            heappush(self._near, entry)
        elif window in self._far:
            self._far[window].append(entry)
        else:
            self._far[window] = [entry]
            heappush(self._far_windows, window)
        if due_s < self._due_s:
            self._wind(due_s)

    def _wind(self, due_s: float) -> None:
        if self._timer is None:
            self._timer = self._new_timer(self._ring)
        self._due_s = due_s
        self._timer.set(due_s)

    def _ring(self) -> None:
        self._due_s = ALWAYS
        # What falls due meanwhile has its turn after whoever has something to read by now.
        now_s = perf_counter()
        while (near := self._near or self._next_window()) and near[0][0] <= now_s:
            due_s, _, call = heappop(near)
            call(due_s)
        self._wind(near[0][0] if near else NEVER)

    def _next_window(self) -> list[tuple[float, int, Call]]:
        """Take the calls of the next window near; none when there is none."""
        if self._far_windows:
            self._window = heappop(self._far_windows)
            self._near = self._far.pop(self._window)
            heapify(self._near)
        return self._near


class Alarm:
    """Rings for one agenda, whose times are those of its bell.

    `late(ms)` is told how much later than due each ring was; `failed(error)` of an error, after which it rings no more.
    """

    def __init__(
        self, bell: Bell, agenda: Agenda, late: Callable[[float], None], failed: Callable[[BaseException], object]
    ) -> None:
        self._bell = bell
        self._agenda = agenda
        self._late = late
        self._failed = failed
        self._due_s = NEVER  # When it will ring; always earlier than anything once it is stopped, or does ring.

    def set(self) -> None:
        """Ring for the earliest call on the agenda."""
        due_s = self._agenda.next_due()
        if due_s is not None and due_s < self._due_s:
            self._due_s = due_s
            self._bell.at(due_s, self._ring)

    def stop(self) -> None:
        """Ring no more."""
        self._due_s = ALWAYS

    def _ring(self, due_s: float) -> None:
        if due_s != self._due_s:
            return  # It was stopped, or has rung earlier.
        now_s = perf_counter()
        self._late((now_s - due_s) * 1000)
        self._due_s = ALWAYS
        try:
            self._agenda.run(now_s)
        except Lost:
            pass  # Whoever listens to the connection is told of its end.
        except Exception as error:
            self._failed(error)
            return
        self._due_s = NEVER
        self.set()
