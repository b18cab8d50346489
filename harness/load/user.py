"""The Locust user: gives a behaviour a socket, a clock, and Locust's statistics."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import gevent
import orjson
from gevent.event import AsyncResult
from locust import User, task

from harness.core.message import Message
from harness.load.alarm import Alarm
from harness.load.behaviour import Behaviour, Lost
from harness.load.client import Client, NotConnected
from harness.load.gauge import Gauge
from harness.load.sources import Sources

CONNECT_TIMEOUT_S = 10.0
GRACE_S = 1.0  # At the end of a run, requests younger than this are nobody's fault.
RETRY_S = (0.5, 10.0)  # Exponential backoff between these, as a good client does.


class SocketUser(User):
    """One user with one connection, which it opens again when it ends. It is the shell of its behaviour."""

    abstract = True
    BEHAVIOUR: ClassVar[type[Behaviour]]
    # Of all users of this process; the hooks set them.
    paces: Mapping[str, float] = {}
    tokens: Sequence[str] = ()
    same_clock = False
    deflate = False
    sources: ClassVar[Sources]
    gauge: ClassVar[Gauge]

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.chance = random.Random()
        self._wall_offset_s = time.time() - time.perf_counter()
        self._name = type(self).__name__
        self._stopping = False
        self._begin()

    # The shell of its behaviour -----------------------------------------------------------------

    def now_s(self) -> float:
        """Seconds of `time.perf_counter`."""
        return time.perf_counter()

    def wall_s(self, now_s: float) -> float:
        """The time of day at that moment, in epoch seconds."""
        return now_s + self._wall_offset_s

    def send(self, message: Message) -> None:
        """Send a message. Lost when the connection is over."""
        try:
            self._client.send(orjson.dumps(message))
        except OSError as error:
            raise Lost("the connection is closed") from error

    def wake(self) -> None:
        """Look at the agenda again."""
        if self._behaviour.has_left:
            self._done.set()
        else:
            self._alarm.set()

    def intend(self, name: str) -> None:
        """One more request was due."""
        self.gauge.intend(name)

    def measure(self, name: str, ms: float | None, size: int = 0, error: str | None = None) -> None:
        """Keep one sample."""
        self.gauge.samples.add(self._name, name, ms, size, error)

    # The life of a user -------------------------------------------------------------------------

    @task
    def live(self) -> None:
        """Connect, behave, and connect again when the connection ends, until Locust ends it all."""
        wait_s = RETRY_S[0]
        while True:
            began_s = time.perf_counter()
            self._begin()
            with suppress(NotConnected, Lost):
                self._connect(began_s)
                self._behave()
            self._alarm.stop()
            self._client.close()
            now_s = time.perf_counter()
            overdue = self._behaviour.replies.overdue(float("inf"))
            self._behaviour.fail(overdue, "the connection ended before the reply", now_s)
            wait_s = RETRY_S[0] if now_s - began_s > RETRY_S[1] else min(2 * wait_s, RETRY_S[1])
            gevent.sleep(self.chance.uniform(0.5, 1) * wait_s)

    def on_stop(self) -> None:
        """Leave in good order, and count what should have been answered by now."""
        now_s = time.perf_counter()
        self._stopping = True
        self._alarm.stop()
        self._client.close(timeout_s=0.2)
        self._behaviour.fail_before(now_s - GRACE_S, "no reply before the end", now_s)

    def _begin(self) -> None:
        self._done = AsyncResult()  # Set when the connection has ended, or the user leaves.
        self._client = Client(self._arrived, self._closed, self.sources)
        self._behaviour = self.BEHAVIOUR(self)
        self._alarm = Alarm(self._behaviour.agenda, self.gauge.late, self._done.set_exception)

    def _connect(self, began_s: float) -> None:
        self.intend("connect")
        try:
            self._client.connect(str(self.environment.host), {}, CONNECT_TIMEOUT_S, deflate=self.deflate)
        except NotConnected as error:
            self.measure("connect", (time.perf_counter() - began_s) * 1000, error=str(error))
            raise
        self.gauge.connections += 1
        self.measure("connect", (time.perf_counter() - began_s) * 1000)

    def _behave(self) -> None:
        """Begin to act; all else happens in gevent's hub, until the connection ends or the user leaves."""
        now_s = time.perf_counter()
        self._behaviour.opened(now_s)
        self._behaviour.fail_overdue(now_s)
        self._alarm.set()
        try:
            self._done.get()
        except Exception:
            self._client.abort()
            raise

    def _arrived(self, text: bytes, arrived_s: float) -> None:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, dict):
            self.measure("connect", None, len(text), "the server sent something that is no JSON object")
            return
        try:
            self._behaviour.received(message, arrived_s, len(text))
        except Lost:
            pass  # `_closed` is told of the same end.
        except Exception as error:
            # A broken server must not end its user, who is here to count such things.
            reason = f"a {message.get('type')} message that cannot be understood: {type(error).__name__} {error}"
            self.measure("connect", None, len(text), reason)

    def _closed(self, code: int, reason: str) -> None:
        self.gauge.connections -= 1
        if not self._stopping and not self._behaviour.has_left:
            ending = f"the connection ended with close code {code}" + (f" ({reason})" if reason else "")
            self.measure("connect", None, error=ending)
        self._done.set()
