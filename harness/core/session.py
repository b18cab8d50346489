"""A session: one client's side of a mock, as a pure state machine. (message or timer, now) -> effects."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, ClassVar, Generic, TypeVar

from harness.core.clock import Agenda, Clock
from harness.core.message import Message, Opcode, Problem
from harness.core.topics import Topics
from harness.core.world import World

WorldT = TypeVar("WorldT", bound=World[Any])
RulesT = TypeVar("RulesT")


@dataclass(slots=True)  # Not frozen: a frozen one takes twice as long to make, and one is made for each delivery.
class Send:
    """Send this message to the client, with `own` members of this client added at its end.

    Sessions that send the same object share the work: it is encoded and framed once. So it must not change any more.
    """

    message: Message
    own: Message | None = None


@dataclass(frozen=True, slots=True)
class SendRaw:
    """Send these very bytes, valid or not. Only scenarios and defects do so."""

    data: bytes
    opcode: Opcode = Opcode.TEXT


@dataclass(frozen=True, slots=True)
class Ping:
    """Send a ping frame (RFC 6455, 5.5.2)."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Close:
    """Start the closing handshake with this code and reason; nothing is sent after it."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Cut the connection without a close frame: a browser reports 1006. Only scenarios and defects do so."""


@dataclass(frozen=True, slots=True)
class Receive:
    """Take this message as if the client had sent it by itself, though it came inside another: a batch does so."""

    message: Any


Effect = Send | SendRaw | Ping | Close | HangUp | Receive
Effects = Iterable[Effect]


@dataclass(frozen=True, slots=True)
class Request:
    """The opening handshake, as far as a protocol may look at it. Names of headers are in lower case."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    remote: str = "127.0.0.1"
    deflate: bool = False  # Whether permessage-deflate was negotiated.
    subprotocol: str | None = None  # The one that the server selected.


@dataclass(frozen=True)
class Context(Generic[WorldT, RulesT]):
    """All that a session may use; it is given, never fetched.

    `new_chance` begins the random numbers of this session. `examples` are the protocol's own sample messages:
    type -> name -> message.
    """

    world: WorldT
    rules: RulesT
    new_chance: Callable[[], random.Random]
    clock: Clock
    agenda: Agenda
    topics: Topics
    request: Request = Request("/")
    examples: Mapping[str, Mapping[str, Message]] = field(default_factory=dict)

    @cached_property
    def chance(self) -> random.Random:
        """Random numbers for this session alone, so that other clients do not change what it says.

        They are begun when the first is wanted: they hold 2.5 KB, and thousands of sessions may want none.
        """
        return self.new_chance()


class Session(Generic[WorldT, RulesT]):
    """The base of every protocol's session.

    A protocol states its legal moves as a table, `MOVES`: (state, message type) -> name of the method that
    answers. What the table lacks goes to `unexpected`. Each method takes (message, now) and gives effects.
    What happens later, or in the world, is a call that gives effects; `perform(call, now)`, which the stage sets,
    carries them out. It sets `notice(topic, event, now)`, too, which does so with what `noticed` answers.
    """

    MOVES: ClassVar[Mapping[tuple[Any, str], str]] = {}

    def __init__(self, context: Context[WorldT, RulesT]) -> None:
        self.context = context
        self.world = context.world
        self.rules = context.rules
        self.state: Any = None
        self.ended = False
        self.heard_at = 0.0
        self.perform: Callable[[Callable[[float], Effects], float], None] = lambda call, now: None
        self.notice: Callable[[str, Any, float], None] = lambda topic, event, now: None

    # What the stage calls ----------------------------------------------------------------------

    def opened(self, now: float) -> Effects:
        """The connection stands."""
        self.heard_at = now
        return ()

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        """The client sent something, valid or not. Effects answer it in place of all else, as when a limit is reached.

        None (here) lets it be looked at: by the script, then by `received` or `refused`.
        """
        return None

    def oversized(self, now: float) -> Effects:
        """The client sent a message of more bytes than the protocol allows; it was not read."""
        return (Close(1009, "message too big"),)

    def received(self, message: Message, now: float) -> Effects:
        """The client sent a message that the schema accepts."""
        self.heard_at = now
        move = self.MOVES.get((self.state, message["type"]))
        if move is None:
            return self.unexpected(message, now)
        effects: Effects = getattr(self, move)(message, now)
        return effects

    def refused(self, problem: Problem, now: float) -> Effects:
        """The client sent something that is no valid message."""
        raise NotImplementedError

    def unexpected(self, message: Message, now: float) -> Effects:
        """The client sent a valid message that the table of moves lacks in this state."""
        raise NotImplementedError

    def failed(self, message: Message | None, now: float) -> Effects:
        """The mock itself failed on this message (a bug, already logged): say so the way the spec says."""
        return (Close(1011, "internal error"),)

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """Something happened in the world under a topic this session listens to."""
        return ()

    def scripted(
        self, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
    ) -> Effects:
        """A scenario wants the message `name` (by its example `variant`, with `changes`) sent now.

        `trigger` is the client's message that the scenario answers, if it answers one.
        """
        raise NotImplementedError

    def closed(self, now: float) -> None:
        """The connection is gone, by either side's wish or by accident."""
        self.ended = True
        self.context.topics.leave_all(self)

    # What a session does ------------------------------------------------------------------------

    def after(self, delay_s: float, now: float, call: Callable[[float], Effects]) -> None:
        """Carry out the effects of `call(then)` in `delay_s` seconds, unless the connection is gone by then."""
        self.context.agenda.at(now + delay_s, partial(self._run, call))

    def every(self, period_s: float, now: float, call: Callable[[float], Effects]) -> None:
        """Carry out the effects of `call(then)` each `period_s` seconds, first in one period."""

        def again(then: float) -> Effects:
            self.every(period_s, then, call)
            return call(then)

        self.after(period_s, now, again)

    def when_idle(self, timeout_s: float, now: float, call: Callable[[float], Effects]) -> None:
        """Carry out the effects of `call(then)` once nothing was heard from the client for `timeout_s` seconds."""

        def look(then: float) -> Effects:
            quiet_until = self.heard_at + timeout_s
            if quiet_until <= then:
                return call(then)
            self.when_idle(timeout_s, self.heard_at, call)
            return ()

        self.after(timeout_s, now, look)

    def listen(self, topic: str) -> None:
        """Be told of the events of `topic`."""
        self.context.topics.listen(topic, self)

    def _run(self, call: Callable[[float], Effects], now: float) -> None:
        if not self.ended:
            self.perform(call, now)
