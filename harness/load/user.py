"""The Locust user: gives a behaviour a socket, a clock, and Locust's statistics."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import gevent
import orjson
import requests
from gevent.event import AsyncResult
from locust import User, task

from harness.core.message import Message
from harness.load.alarm import Alarm, Bell
from harness.load.behaviour import Behaviour, Lost
from harness.load.client import Client, NotConnected
from harness.load.dial import Dial
from harness.load.gauge import Gauge
from harness.load.shared import Shared
from harness.load.sources import Sources

CONNECT_TIMEOUT_S = 10.0
HTTP_TIMEOUT_S = 10.0
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
    shared = Shared()
    bell = Bell()
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

    def ping(self, data: bytes) -> None:
        """Send a ping frame. Lost when the connection is over."""
        try:
            self._client.ping(data)
        except OSError as error:
            raise Lost("the connection is closed") from error

    def post(self, url: str, body: Message) -> tuple[int, bytes]:
        """Ask over plain HTTP: the status and the body of the answer. Lost, with the reason, when there is none."""
        try:
            answer = requests.post(url, json=body, timeout=HTTP_TIMEOUT_S)
        except requests.RequestException as error:
            raise Lost(f"no answer over HTTP: {type(error).__name__}") from error
        return answer.status_code, answer.content

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
                self._connect()
                self._behave()
            self._alarm.stop()
            self._client.close()
            now_s = time.perf_counter()
            overdue = self._behaviour.replies.overdue(float("inf"))
            self._behaviour.fail(overdue, "the connection ended before the reply", now_s)
            wait_s = RETRY_S[0] if now_s - began_s > RETRY_S[1] else min(2 * wait_s, RETRY_S[1])
            gevent.sleep(self.chance.uniform(0.5, 1) * wait_s)

    def knock(self) -> None:
        """Connect as this user does, and go. NotConnected or Lost, when it fails, says where and why."""
        host = str(self.environment.host)
        try:
            dial = self._behaviour.dial(host)
        except Lost as error:
            raise Lost(f"{host}: {error}") from error
        self._stopping = True
        try:
            self._open(dial)
        except NotConnected as error:
            where = dial.url.partition("?")[0]  # The query may hold a secret.
            raise NotConnected(f"{where}: {error}") from error
        self._client.close()

    def on_stop(self) -> None:
        """Leave in good order, and count what should have been answered by now."""
        now_s = time.perf_counter()
        self._stopping = True
        self._alarm.stop()
        self._client.close(timeout_s=0.2)
        self._behaviour.fail_before(now_s - GRACE_S, "no reply before the end", now_s)

    def _begin(self) -> None:
        self._done = AsyncResult()  # Set when the connection has ended, or the user leaves.
        self._client = Client(self._arrived, self._closed, self.sources, self._ponged)
        self._behaviour = self.BEHAVIOUR(self)
        self._alarm = Alarm(self.bell, self._behaviour.agenda, self.gauge.late, self._done.set_exception)

    def _connect(self) -> None:
        dial = self._behaviour.dial(str(self.environment.host))
        began_s = time.perf_counter()
        self.intend("connect")
        try:
            self._open(dial)
        except NotConnected as error:
            self.measure("connect", (time.perf_counter() - began_s) * 1000, error=str(error))
            raise
        self.measure("connect", (time.perf_counter() - began_s) * 1000)

    def _open(self, dial: Dial) -> None:
        self._client.connect(dial.url, dial.headers, CONNECT_TIMEOUT_S, dial.subprotocols, self.deflate)
        self.gauge.connections += 1

    def _behave(self) -> None:
        """Begin to act; all else happens in gevent's hub, until the connection ends or the user leaves."""
        opened_s = time.perf_counter()
        self._behaviour.opened(opened_s)
        self._behaviour.fail_overdue(opened_s)
        self._alarm.set()
        try:
            self._done.get()
        except Exception:
            self._client.abort()
            raise
        finally:  # Locust ends a user by an exception.
            self.gauge.serve(type(self).__name__, opened_s)

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

    def _ponged(self, data: bytes, arrived_s: float) -> None:
        self._behaviour.ponged(data, arrived_s)

    def _closed(self, code: int, reason: str) -> None:
        self.gauge.connections -= 1
        if not self._stopping and not self._behaviour.has_left:
            ending = f"the connection ended with close code {code}" + (f" ({reason})" if reason else "")
            self.measure("connect", None, error=ending)
        self._done.set()
