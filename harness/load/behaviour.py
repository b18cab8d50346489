"""How a user behaves on one connection: pure, so that it can be tried without sockets and without Locust.

A protocol's `users.py` extends `Behaviour`; `user.py` gives it a socket, a clock and somewhere to hand its samples.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Protocol

from harness.core.clock import Agenda
from harness.core.message import Message
from harness.load.dial import Dial
from harness.load.replies import Awaited, Replies
from harness.load.shared import Shared
from harness.load.targets import Pace

REPLY_TIMEOUT_S = 10.0  # After what is awaited was due.
BEGIN, NEXT = "begin", "next"  # What is awaited of a stream: its first event, or the one after another.


class Lost(Exception):  # noqa: N818 - a finding, not an error of ours
    """The connection is over; nothing can be sent on it."""


class Shell(Protocol):
    """What a behaviour lives in. `now_s` counts from any moment, `wall_s` is epoch seconds."""

    chance: random.Random
    paces: Mapping[str, float]  # Seconds between two actions, by action.
    tokens: Sequence[str]  # Credentials for a server that does not know the demo users.
    same_clock: bool  # Whether the server's clock is this machine's.
    shared: Shared  # What all users of this process share.

    def now_s(self) -> float:
        """The moment that it is."""

    def wall_s(self, now_s: float) -> float:
        """The time of day at that moment."""

    def send(self, message: Message) -> None:
        """Send a message. Lost when the connection is over."""

    def ping(self, data: bytes) -> None:
        """Send a ping frame (RFC 6455, 5.5.2). Lost when the connection is over."""

    def post(self, url: str, body: Message) -> tuple[int, bytes]:
        """Ask over plain HTTP: the status and the body of the answer. Lost, with the reason, when there is none."""

    def wake(self) -> None:
        """Look at the agenda again: something earlier has come onto it."""

    def intend(self, name: str) -> None:
        """One more request of this row was due."""

    def measure(self, name: str, ms: float | None, size: int = 0, error: str | None = None) -> None:
        """Take one sample of this row; without `ms`, an error or an event that took no time."""


class Behaviour:
    """One user on one connection.

    A protocol's users set `PACES` (what they do again and again) and `ROWS` (what they measure: name -> meaning, with
    `connect` first), and say in `dial`, `opened` and `received` how they behave. Whatever they send at a moment of
    their own choice goes through `every` or `at`, so that the moment that was *intended* is known even when the
    connection, or this process, was held up. Rows and paces of the same name are the same for all kinds of users that
    a protocol has; a class without rows is only a base of others.
    """

    PACES: ClassVar[Mapping[str, Pace]] = {}
    ROWS: ClassVar[Mapping[str, str]] = {}
    ONE_CLOCK_ROWS: ClassVar[frozenset[str]] = frozenset()  # Those that only one machine's clock can measure.
    TARGETS: ClassVar[Path]  # The load file with the protocol's own paces and targets.
    WEIGHT: ClassVar[int] = 1  # So many of these users to one of weight 1.

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.replies = Replies()
        self.agenda = Agenda()
        self.has_left = False
        self._streams: dict[str, float] = {}  # Row -> the period in seconds.
        self._pings = itertools.count(1)

    # What a protocol says -----------------------------------------------------------------------

    def dial(self, url: str) -> Dial:
        """How to connect to the server that was named, after what has to be done first, such as a login.

        Lost when that fails.
        """
        return Dial(url)

    def opened(self, now_s: float) -> None:
        """The connection stands."""
        raise NotImplementedError

    def received(self, message: Message, arrived_s: float, size: int) -> None:
        """A message came, of `size` bytes."""
        raise NotImplementedError

    # What a protocol uses -----------------------------------------------------------------------

    def at(self, due_s: float, call: Callable[[float], None]) -> None:
        """Do `call(due_s)` at this moment."""
        self.agenda.at(due_s, call)
        self.shell.wake()

    def every(self, pace: str, call: Callable[[float], None]) -> None:
        """Do `call` at this pace, first at a random moment of the first period, so that users do not march in step."""
        period_s = self.shell.paces[pace]

        def again(due_s: float) -> None:
            self.agenda.at(due_s + period_s, again)
            call(due_s)

        self.at(self.shell.now_s() + self.shell.chance.uniform(0, period_s), again)

    def post(self, name: str, url: str, body: Message) -> Any:
        """Ask over plain HTTP, which is measured as a row of its own: the JSON of a good answer, or else Lost."""
        since_s = self.shell.now_s()
        self.shell.intend(name)
        size, trouble, answer = 0, "", None
        try:
            status, data = self.shell.post(url, body)
            size = len(data)
            answer = json.loads(data)
            if not 200 <= status < 300:
                trouble = f"HTTP status {status}"
        except ValueError:
            trouble = "the answer is no JSON"
        except Lost as error:
            trouble = str(error)
        self.shell.measure(name, (self.shell.now_s() - since_s) * 1000, size, trouble or None)
        if trouble:
            raise Lost(f"{name}: {trouble}")
        return answer

    def expect(self, name: str, key: Any, request_id: str, since_s: float, takes_s: float = 0.0) -> None:
        """Wait for the reply `name` to a request that was meant to go at `since_s`. It may well take `takes_s`."""
        if not takes_s:
            self.shell.intend(name)
        self.replies.expect(name, key, request_id, since_s, since_s + takes_s)

    def request(self, name: str, key: Any, message: Message, since_s: float) -> None:
        """Send a message that was meant to go at `since_s`, and wait for its reply from then on."""
        self.expect(name, key, message["id"], since_s)
        self.shell.send(message)

    def settle(self, name: str, key: Any, arrived_s: float, size: int) -> bool:
        """A reply came. Whether it was waited for."""
        awaited = self.replies.take(name, key)
        if awaited is not None:
            self._end(awaited, arrived_s, size)
        return awaited is not None

    def answer(self, request_id: str | None, arrived_s: float, size: int) -> None:
        """What answers this request came, whatever it is."""
        for awaited in self.replies.to(request_id):
            self._end(awaited, arrived_s, size)

    def refuse(self, request_id: str | None, reason: str, arrived_s: float) -> None:
        """An error came, for this request: whatever was awaited of it has failed."""
        self.fail(self.replies.to(request_id), reason, arrived_s)

    def ping(self, due_s: float) -> None:
        """Send a ping frame; its pong is the row `ping`. For protocols in which nothing else is sure to be answered."""
        data = str(next(self._pings)).encode()
        self.expect("ping", data, "", due_s)
        self.shell.ping(data)

    # What a server tells of its own accord --------------------------------------------------------

    def watch(self, name: str, period_s: float, now_s: float) -> None:
        """From now on, an event of the row `name` should come in each period."""
        self.unwatch(name)
        self._streams[name] = period_s
        self.replies.expect(name, BEGIN, "", now_s, now_s + period_s)

    def unwatch(self, name: str) -> None:
        """Wait for events of this row no more."""
        self._streams.pop(name, None)
        self.replies.take(name, None)

    def tick(self, name: str, arrived_s: float, size: int) -> float | None:
        """An event of a stream that is watched came; its sample is the time since the one before, given back in s.

        The first one has none before it.
        """
        if name not in self._streams:
            return None
        awaited = self.replies.take(name, None)
        self.replies.expect(name, NEXT, "", arrived_s, arrived_s + self._streams[name])
        if awaited is None or awaited.key == BEGIN:
            self.shell.intend(name)
            self.shell.measure(name, None, size)
            return None
        self._end(awaited, arrived_s, size)
        return arrived_s - awaited.since_s

    def delay(self, name: str, stamp: str | float, arrived_s: float, size: int) -> None:
        """Measure the time since the server's own stamp (ISO 8601, or epoch seconds), where its clock is ours.

        A stamp in whole seconds may be of a moment up to a second later: then only what is beyond that is sure.
        """
        if self.shell.same_clock:
            stamp_s = _epoch_s(stamp) if isinstance(stamp, str) else stamp
            blur_s = 1.0 if stamp_s == int(stamp_s) else 0.0
            delay_s = self.shell.wall_s(arrived_s) - stamp_s - blur_s
            self.shell.measure(name, max(0.0, delay_s * 1000), size)

    def spread(self, name: str, key: Any, arrived_s: float, size: int) -> None:
        """Measure how long after the first user of this process this one got the event; that is 0 for the first."""
        self.shell.measure(name, (arrived_s - self.shell.shared.first((name, key), arrived_s)) * 1000, size)

    def leave(self) -> None:
        """End this connection in good order; the next user takes the seat."""
        self.has_left = True
        self.shell.wake()

    # What the shell calls -----------------------------------------------------------------------

    def ponged(self, data: bytes, arrived_s: float) -> None:
        """A pong frame came."""
        self.settle("ping", data, arrived_s, len(data))

    def fail_overdue(self, now_s: float) -> None:
        """What has not been answered for too long has failed; look again when the next may have."""
        self.fail(self.replies.overdue(now_s - REPLY_TIMEOUT_S), f"no reply within {REPLY_TIMEOUT_S:g} s", now_s)
        # Nothing that is asked from now on can be overdue sooner; to wake thousands of users each second costs much.
        oldest_s = min(now_s, self.replies.oldest_due_s(now_s))
        self.agenda.at(max(now_s + 1.0, oldest_s + REPLY_TIMEOUT_S), self.fail_overdue)

    def fail_before(self, before_s: float, reason: str, now_s: float) -> None:
        """What was meant to go before this moment and has no reply has failed, even what could not be sent at all."""
        while (due_s := self.agenda.next_due()) is not None and due_s < before_s:
            try:
                self.agenda.run(before_s)
            except Lost:
                continue
        self.fail(self.replies.overdue(before_s), reason, now_s)

    def fail(self, gone: Iterable[Awaited], reason: str, now_s: float) -> None:
        """These never came; that they were waited for counts in the latency."""
        for awaited in gone:
            self._end(awaited, now_s, error=reason)

    def _end(self, awaited: Awaited, now_s: float, size: int = 0, error: str | None = None) -> None:
        # What takes time may still be to come, rightly, when the run ends: it was not intended to be there by then.
        if awaited.takes_time:
            self.shell.intend(awaited.name)
        self.shell.measure(awaited.name, max(0.0, now_s - awaited.since_s) * 1000, size, error)


def behaviours_in(module: ModuleType) -> list[type[Behaviour]]:
    """The kinds of users in a protocol's `users`; a class without rows is only a base of others."""
    classes = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Behaviour)]
    return [each for each in classes if each.ROWS]


def _epoch_s(stamp: str) -> float:
    """Epoch seconds of a date-time by ISO 8601; one without a zone is taken for UTC.

    >>> _epoch_s("2024-01-15T10:30:00.5Z") == _epoch_s("2024-01-15T10:30:00.5") == 1705314600.5
    True
    """
    moment = datetime.fromisoformat(stamp)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
