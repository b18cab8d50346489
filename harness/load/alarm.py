"""Does what is on an agenda when it is due, in gevent's hub: no user needs a greenlet that waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent

from harness.core.clock import Agenda
from harness.load.behaviour import Lost

NEVER, ALWAYS = float("inf"), float("-inf")


class Alarm:
    """Rings for one agenda, whose times are those of `time.perf_counter`.

    `late(ms)` is told how much later than due each ring was; `failed(error)` of an error, after which it rings no more.
    """

    def __init__(
        self, agenda: Agenda, late: Callable[[float], None], failed: Callable[[BaseException], object]
    ) -> None:
        self._agenda = agenda
        self._late = late
        self._failed = failed
        self._due_s = NEVER  # When it will ring; always earlier than anything once it is stopped, or does ring.
        self._timer: Any = None

    def set(self) -> None:
        """Ring for the earliest call on the agenda."""
        due_s = self._agenda.next_due()
        if due_s is None or due_s >= self._due_s:
            return
        self._forget()
        self._due_s = due_s
        self._timer = gevent.get_hub().loop.timer(max(0.0, due_s - time.perf_counter()))
        self._timer.start(self._ring, update=True)

    def stop(self) -> None:
        """Ring no more."""
        self._forget()
        self._due_s = ALWAYS

    def _ring(self) -> None:
        now_s = time.perf_counter()
        self._late(max(0.0, now_s - self._due_s) * 1000)
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

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.close()
            self._timer = None
