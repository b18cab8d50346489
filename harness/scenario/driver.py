"""Plays stages on an event loop, real or virtual: tells a stage what time it is whenever something is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from harness.core.http import Endpoint, HttpReply, HttpRequest
from harness.core.message import Frame
from harness.core.session import Request
from harness.scenario.network import Transport
from harness.scenario.stage import Link, Stage

# How late, by the loop, a stage may be before its clock is put back. In real time it is given longer: its timestamps
# shall agree with other clocks, and it can catch up, unless the machine slept.
LATE_MOST_S, LATE_MOST_IN_REAL_TIME_S = 0.1, 10.0
# How long, by the loop, a stage that is behind may go on at once, before the loop gets to serve the clients.
TURN_S = 0.02


class Loop(Protocol):
    """What a driver needs of an event loop."""

    def time(self) -> float:
        """Seconds, by a clock that only goes forward."""

    def call_later(self, delay: float, callback: Callable[[float], object], argument: float, /) -> asyncio.TimerHandle:
        """Make this call when so many seconds have passed."""


class Driver:
    """One stage on one loop. Its time runs `speed` times as fast as the loop's, from 0 on."""

    def __init__(self, stage: Stage, loop: Loop, speed: float = 1.0) -> None:
        self.stage = stage
        self.speed = speed
        self._loop = loop
        self._began_s = loop.time()
        self.used_at_s = self._began_s  # When, on the loop, a client last came or went.
        self._is_stopped = False
        self._is_behind = False
        self._skipped_s = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_due = 0.0
        self._set_alarm()

    def now(self) -> float:
        """The stage's time. That of a stage which is far behind goes on from there, however long it was."""
        elapsed = self._elapsed()
        if self._alarm is not None:
            late_s = (elapsed - self._alarm_due) / self.speed
            # Else ever more would be due at once, and nothing else would be served any more.
            if late_s > (LATE_MOST_S if self.speed > 1 else LATE_MOST_IN_REAL_TIME_S):
                self._skipped_s -= late_s * self.speed
                elapsed = self._elapsed()
            if self._is_behind:  # It has got no further than this; what is due until the true time, comes by and by.
                return min(self._alarm_due, elapsed)
        return elapsed

    def _elapsed(self) -> float:
        return (self._loop.time() - self._began_s) * self.speed + self._skipped_s

    def connect(self, request: Request, transport: Transport) -> Link:
        """A client has connected."""
        self.used_at_s = self._loop.time()
        link = self.stage.connect(request, transport, self.now())
        self._set_alarm()
        return link

    def receive(self, link: Link, frame: Frame) -> None:
        """A frame came from that client."""
        link.receive(frame, self.now())
        self._set_alarm()

    def oversized(self, link: Link) -> None:
        """A message came from that client that is too big to be taken."""
        link.oversized(self.now())
        self._set_alarm()

    def admit(self, request: Request) -> HttpReply | None:
        """The HTTP answer that refuses an opening handshake; None to accept it."""
        self.used_at_s = self._loop.time()
        reply = self.stage.admit(request, self.now())
        self._set_alarm()
        return reply

    def answer(self, endpoint: Endpoint, request: HttpRequest) -> HttpReply:
        """The answer to a plain HTTP request."""
        self.used_at_s = self._loop.time()
        reply = self.stage.answer(endpoint, request, self.now())
        self._set_alarm()
        return reply

    def gone(self, link: Link) -> None:
        """That connection is over."""
        self.used_at_s = self._loop.time()
        link.gone(self.now())
        self._set_alarm()

    def skip(self, seconds: float) -> None:
        """Let `seconds` of the stage's time pass at once."""
        self._skipped_s += seconds
        self.stage.advance(self._elapsed())
        self._set_alarm()

    def close_all(self, code: int, reason: str) -> None:
        """Close every connection of the stage."""
        self.stage.close_all(code, reason, self.now())
        self._set_alarm()

    def stop(self) -> None:
        """Play no more, whoever may still come or go."""
        self._is_stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _set_alarm(self) -> None:
        due = self.stage.agenda.next_due()
        if self._alarm is not None:
            if due == self._alarm_due:
                return
            self._alarm.cancel()
            self._alarm = None
        if due is not None and not self._is_stopped:
            self._alarm_due = due
            wait_s = max(0.0, due - self._elapsed()) / self.speed
            self._alarm = self._loop.call_later(wait_s, self._ring, due)

    def _ring(self, due: float) -> None:
        # A loop may ring a hair early; what it rang for is due all the same.
        self._is_behind = False
        now = max(due, self.now())
        self._alarm = None
        self._is_behind = not self._advanced(now)
        self._set_alarm()

    def _advanced(self, now: float) -> bool:
        """Do what is due by `now`, for one turn at most; whether that was all."""
        until_s = self._loop.time() + TURN_S
        while (due := self.stage.next_due()) is not None and due <= now:
            self.stage.advance(due)
            if self._loop.time() > until_s:
                return False
        return True
