"""How a user behaves on one connection: pure, so that it can be tried without sockets and without Locust.

A protocol's `users.py` extends `Behaviour`; `user.py` gives it a socket, a clock and somewhere to hand its samples.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from harness.core.clock import Agenda
from harness.core.message import Message
from harness.load.replies import Awaited, Replies
from harness.load.targets import Pace

REPLY_TIMEOUT_S = 10.0


class Lost(Exception):  # noqa: N818 - a finding, not an error of ours
    """The connection is over; nothing can be sent on it."""


class Shell(Protocol):
    """What a behaviour lives in. `now_s` counts from any moment, `wall_s` is epoch seconds."""

    chance: random.Random
    paces: Mapping[str, float]  # Seconds between two actions, by action.
    tokens: Sequence[str]  # Credentials for a server that does not know the demo users.
    same_clock: bool  # Whether the server's clock is this machine's.

    def now_s(self) -> float:
        """The moment that it is."""

    def wall_s(self, now_s: float) -> float:
        """The time of day at that moment."""

    def send(self, message: Message) -> None:
        """Send a message. Lost when the connection is over."""

    def wake(self) -> None:
        """Look at the agenda again: something earlier has come onto it."""

    def intend(self, name: str) -> None:
        """One more request of this row was due."""

    def measure(self, name: str, ms: float | None, size: int = 0, error: str | None = None) -> None:
        """Take one sample of this row; without `ms`, an error that took no time."""


class Behaviour:
    """One user on one connection.

    A protocol's users set `PACES` (what they do again and again) and `ROWS` (what they measure: name -> meaning, with
    `connect` first), and say in `opened` and `received` how they behave. Whatever they send at a moment of their own
    choice goes through `every` or `at`, so that the moment that was *intended* is known even when the connection, or
    this process, was held up.
    """

    PACES: ClassVar[Mapping[str, Pace]] = {}
    ROWS: ClassVar[Mapping[str, str]] = {}
    ONE_CLOCK_ROWS: ClassVar[frozenset[str]] = frozenset()  # Those that only one machine's clock can measure.
    TARGETS: ClassVar[Path]  # The load file with the protocol's own paces and targets.

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.replies = Replies()
        self.agenda = Agenda()
        self.has_left = False

    # What a protocol says -----------------------------------------------------------------------

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

    def expect(self, name: str, key: Any, request_id: str, since_s: float) -> None:
        """Wait for the reply `name` to a request that was meant to go at `since_s`."""
        self.shell.intend(name)
        self.replies.expect(name, key, request_id, since_s)

    def request(self, name: str, key: Any, message: Message, since_s: float) -> None:
        """Send a message that was meant to go at `since_s`, and wait for its reply from then on."""
        self.expect(name, key, message["id"], since_s)
        self.shell.send(message)

    def settle(self, name: str, key: Any, arrived_s: float, size: int) -> bool:
        """A reply came. Whether it was waited for."""
        awaited = self.replies.take(name, key)
        if awaited is not None:
            self.shell.measure(name, (arrived_s - awaited.since_s) * 1000, size)
        return awaited is not None

    def refuse(self, request_id: str | None, reason: str, arrived_s: float) -> None:
        """An error came, for this request: whatever was awaited of it has failed."""
        self.fail(self.replies.refused(request_id), reason, arrived_s)

    def leave(self) -> None:
        """End this connection in good order; the next user takes the seat."""
        self.has_left = True
        self.shell.wake()

    # What the shell calls -----------------------------------------------------------------------

    def fail_overdue(self, now_s: float) -> None:
        """What has not been answered for too long has failed; look again in a second."""
        self.fail(self.replies.overdue(now_s - REPLY_TIMEOUT_S), f"no reply within {REPLY_TIMEOUT_S:g} s", now_s)
        self.agenda.at(now_s + 1.0, self.fail_overdue)

    def fail_before(self, before_s: float, reason: str, now_s: float) -> None:
        """What was meant to go before this moment and has no reply has failed, even what could not be sent at all."""
        while (due_s := self.agenda.next_due()) is not None and due_s < before_s:
            try:
                self.agenda.run(before_s)
            except Lost:
                continue
        self.fail(self.replies.overdue(before_s), reason, now_s)

    def fail(self, gone: Iterable[Awaited], reason: str, now_s: float) -> None:
        """These replies never came; that they were waited for counts in the latency."""
        for awaited in gone:
            self.shell.measure(awaited.name, max(0.0, now_s - awaited.since_s) * 1000, error=reason)
