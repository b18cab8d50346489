"""The base of every protocol's load users: one connection, an agenda of intended moments, honest latency."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import gevent
import orjson
from gevent.event import Event
from locust import User, task

from harness.core.clock import Agenda
from harness.core.message import Message
from harness.load.client import Client, NotConnected
from harness.load.gauge import Gauge
from harness.load.replies import Awaited, Replies
from harness.load.targets import Pace

CONNECT_TIMEOUT_S = 10.0
REPLY_TIMEOUT_S = 10.0
GRACE_S = 1.0  # At the end of a run, requests younger than this are nobody's fault.
RETRY_S = (0.5, 10.0)  # Exponential backoff between these, as a good client does.


class Lost(Exception):  # noqa: N818 - a finding, not an error of ours
    """The connection is over; nothing can be sent on it."""


class SocketUser(User):
    """One user with one connection.

    A protocol's user sets `PACES` (what it does again and again) and `ROWS` (what it measures: name -> meaning), and
    says in `opened` and `received` how it behaves. Everything it sends at a moment of its own choice goes through
    `every` or `at`, so that the moment that was *intended* is known, even when the connection or this process was
    held up.
    """

    abstract = True
    PACES: ClassVar[Mapping[str, Pace]] = {}
    ROWS: ClassVar[Mapping[str, str]] = {}
    TARGETS: ClassVar[Path]  # The load file with the protocol's own paces and targets.
    # Of all users of this process; the hooks set them.
    paces: ClassVar[Mapping[str, float]] = {}
    tokens: ClassVar[Sequence[str]] = ()  # Credentials for a server that does not know the demo users.
    gauge: ClassVar[Gauge]
    same_clock: ClassVar[bool] = False  # Whether the server's clock is this machine's.

    client: Client
    replies: Replies
    _ending: str | None  # Why the connection is over; empty when the user itself left.

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.chance = random.Random()
        self._begin()

    # What a protocol says -----------------------------------------------------------------------

    def opened(self) -> None:
        """The connection stands."""
        raise NotImplementedError

    def received(self, message: Message, arrived_s: float, size: int) -> None:
        """A message came, of `size` bytes."""
        raise NotImplementedError

    # What a protocol uses -----------------------------------------------------------------------

    def send(self, message: Message) -> None:
        """Send a message."""
        try:
            self.client.send(orjson.dumps(message))
        except OSError as error:
            raise Lost("the connection is closed") from error

    def at(self, due_s: float, call: Callable[[float], None]) -> None:
        """Do `call(due_s)` at this moment of `time.perf_counter`."""
        self._agenda.at(due_s, call)
        self._wake.set()

    def every(self, pace: str, call: Callable[[float], None]) -> None:
        """Do `call` at the plan's pace, first at a random moment of the first period, so that users do not march."""
        period_s = self.paces[pace]

        def again(due_s: float) -> None:
            self._agenda.at(due_s + period_s, again)
            call(due_s)

        self.at(time.perf_counter() + self.chance.uniform(0, period_s), again)

    def expect(self, name: str, key: Any, request_id: str, since_s: float) -> None:
        """Wait for the reply `name` to a request that was meant to go at `since_s`."""
        self.gauge.intend(name)
        self.replies.expect(name, key, request_id, since_s)

    def settle(self, name: str, key: Any, arrived_s: float, size: int) -> bool:
        """A reply came. Whether it was waited for."""
        awaited = self.replies.take(name, key)
        if awaited is not None:
            self.measure(name, (arrived_s - awaited.since_s) * 1000, size)
        return awaited is not None

    def refuse(self, request_id: str | None, reason: str, arrived_s: float) -> None:
        """An error came, for this request: whatever was awaited of it has failed."""
        self._fail(self.replies.refused(request_id), reason, arrived_s)

    def leave(self) -> None:
        """End this connection in good order and open another one: the user makes room for the next."""
        self._ending = self._ending or ""
        self._wake.set()

    def measure(self, name: str, ms: float | None, size: int = 0, error: str | None = None) -> None:
        """Hand one sample to Locust."""
        self.environment.events.request.fire(
            request_type=type(self).__name__,
            name=name,
            response_time=ms,
            response_length=size,
            exception=error,
            context={},
        )

    # The life of a user -------------------------------------------------------------------------

    @task
    def live(self) -> None:
        """Connect, behave, and connect again when the connection ends, until Locust ends it all."""
        wait_s = RETRY_S[0]
        while True:
            began_s = time.perf_counter()
            try:
                self._connect()
                self._behave()
            except (NotConnected, Lost):
                self.client.close()
            now_s = time.perf_counter()
            self._fail(self.replies.overdue(float("inf")), "the connection ended before the reply", now_s)
            wait_s = RETRY_S[0] if now_s - began_s > RETRY_S[1] else min(2 * wait_s, RETRY_S[1])
            gevent.sleep(self.chance.uniform(0.5, 1) * wait_s)

    def on_stop(self) -> None:
        """Leave in good order, and count what should have been answered by now."""
        now_s = time.perf_counter()
        self._stopping = True
        self.client.close(timeout_s=0.2)
        self._count_unsent(now_s - GRACE_S)
        self._fail(self.replies.overdue(now_s - GRACE_S), "no reply before the end", now_s)

    def _begin(self) -> None:
        self.replies = Replies()
        self._agenda = Agenda()
        self._wake = Event()
        self._ending = None
        self._stopping = False
        self.client = Client(self._arrived, self._closed)

    def _connect(self) -> None:
        self._begin()
        self.gauge.intend("connect")
        began_s = time.perf_counter()
        try:
            self.client.connect(str(self.environment.host), {}, CONNECT_TIMEOUT_S)
        except NotConnected as error:
            self.measure("connect", (time.perf_counter() - began_s) * 1000, error=str(error))
            raise
        self.measure("connect", (time.perf_counter() - began_s) * 1000)

    def _behave(self) -> None:
        self.opened()
        self._watch_overdue(time.perf_counter())
        while self._ending is None:
            self._wake.clear()
            due_s = self._agenda.next_due()
            wait_s = 1.0 if due_s is None else due_s - time.perf_counter()
            if wait_s > 0:
                self._wake.wait(wait_s)
            self._agenda.run(time.perf_counter())
        self.client.close()
        if self._ending:
            self.measure("connect", None, error=self._ending)

    def _count_unsent(self, before_s: float) -> None:
        """What was due and could not be sent has been waited for just the same; sending fails from here on."""
        while (due_s := self._agenda.next_due()) is not None and due_s < before_s:
            with suppress(Lost):
                self._agenda.run(before_s)

    def _watch_overdue(self, now_s: float) -> None:
        overdue = self.replies.overdue(now_s - REPLY_TIMEOUT_S)
        self._fail(overdue, f"no reply within {REPLY_TIMEOUT_S:g} s", now_s)
        self._agenda.at(now_s + 1.0, self._watch_overdue)

    def _fail(self, gone: list[Awaited], reason: str, now_s: float) -> None:
        for awaited in gone:
            self.measure(awaited.name, max(0.0, now_s - awaited.since_s) * 1000, error=reason)

    def _arrived(self, text: bytes, arrived_s: float) -> None:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, dict):
            self.measure("connect", None, len(text), "the server sent something that is no JSON object")
            return
        # When the connection ends under its hands, `_closed` is told of it, too.
        with suppress(Lost):
            self.received(message, arrived_s, len(text))

    def _closed(self, code: int, reason: str) -> None:
        if self._ending is None and not self._stopping:
            self._ending = f"the connection ended with close code {code}" + (f" ({reason})" if reason else "")
        self._wake.set()
