"""A stage: one scenario being played, with its clock, its random numbers, its world and its connections.

The path of one frame: `Link.receive` -> codec -> schema -> script or session -> filters -> codec -> line -> transport.
Nothing here waits or looks at a clock: whoever plays the stage says what time it is.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from harness.core.clock import Agenda, Clock
from harness.core.conversation import Conversation
from harness.core.http import Endpoint, HttpReply, HttpRequest
from harness.core.journal import Journal, Note
from harness.core.message import Frame, Message, Opcode, Problem, merged
from harness.core.session import Close, Context, Effects, Ping, Receive, Request, Send, SendRaw, Session
from harness.core.topics import Topics
from harness.core.world import Setting, Vitals
from harness.scenario.misbehave import filters
from harness.scenario.network import Line, Transport
from harness.scenario.scenario import Action, Scenario, Step
from harness.scenario.script import Script
from harness.wire.codec import decode, encode, kind_of, with_members
from harness.wire.schemas import shapes

log = logging.getLogger("harness.stage")

ReplyT = TypeVar("ReplyT")
# What a session says of a message before all else, if anything; `Session.arrived` is one.
Look = Callable[[Message | Problem, float], Effects | None]

# Looked up once: each look into an enumeration takes longer than what it is compared with.
TEXT, BINARY, CLOSE, PING = Opcode.TEXT, Opcode.BINARY, Opcode.CLOSE, Opcode.PING


class Stage:
    """One scenario being played. Times are seconds since the stage began."""

    def __init__(
        self, scenario: Scenario, clock: Clock, seed: int | None = None, vitals: Callable[[], Vitals] | None = None
    ) -> None:
        self.scenario = scenario
        self.protocol = scenario.protocol
        self.seed = scenario.seed if seed is None else seed
        self.clock = clock
        self.agenda = Agenda()
        self.topics = Topics()
        self.shapes = shapes(self.protocol.folder)
        self.filters = (*self.protocol.message_filters, *filters(scenario.misbehave, self.chance("misbehave")))
        self.links: dict[Link, None] = {}
        self._connections = 0
        self._sent: Message = {}  # The newest message, and what it became.
        self._noted: Note = (0.0, "server", Frame(TEXT, b"{}"))
        setting = Setting(self.chance("world"), clock, self.agenda, self.topics, self.shapes.examples, vitals)
        self.world = self.protocol.world(scenario.facts, setting)

    def chance(self, purpose: str) -> random.Random:
        """A stream of random numbers of its own for each purpose, so that one does not disturb another."""
        return random.Random(f"{self.seed}/{purpose}")

    def connect(self, request: Request, transport: Transport, now: float) -> Link:
        """A client has connected."""
        self.advance(now)
        if self._connections == 0:
            self._begin(now)
        self._connections += 1
        link = Link(self, request, transport, self._connections, now)
        self.links[link] = None
        link.open(now)
        self.advance(now)
        return link

    def _begin(self, now: float) -> None:
        """Note when the steps of the script are due that wait for a moment; its time begins with the first client."""
        for step in self.scenario.steps:
            if step.at_s is not None:
                self.agenda.at(now + step.at_s, partial(self._play, step))

    def _play(self, step: Step, now: float) -> None:
        for action in step.actions:
            if not self._happened(action, now):
                for link in list(self.links):
                    link.play((action,), now)

    def _happened(self, action: Action, now: float) -> bool:
        """Whether the action took place in the world, for all connections at once."""
        if action.world is not None:
            self.world.change(action.world, now)
            return True
        return action.send is not None and self.world.scripted(*action.send, action.changes, now)

    def admit(self, request: Request, now: float) -> HttpReply | None:
        """The HTTP answer that refuses a handshake; None to accept it. Who is refused does not count as a client."""
        admit = self.protocol.admit
        if admit is None:
            return None
        return self._asked("the handshake", lambda: admit(self.world, self.scenario.rules, request, now), now)

    def answer(self, endpoint: Endpoint, request: HttpRequest, now: float) -> HttpReply:
        """The answer to a plain HTTP request."""
        what = f"{request.method} {request.path}"
        return self._asked(what, lambda: endpoint.answer(self.world, self.scenario.rules, request, now), now)

    def _asked(self, what: str, call: Callable[[], ReplyT], now: float) -> ReplyT | HttpReply:
        """What `call` says of the world as it is now. A bug in it is logged, and answered by 500."""
        self.advance(now)
        try:
            reply: ReplyT | HttpReply = call()
        except Exception:
            log.exception("%s of stage %r failed", what, self.scenario.name)
            reply = HttpReply({"error": "internal error"}, 500)
        self.advance(now)
        return reply

    def note_of(self, message: Message, now: float) -> Note:
        """The message as a frame that goes out now. One that goes to many in a row is encoded, and noted, once."""
        if message is not self._sent:
            self._sent = message
            self._noted = (now, "server", Frame(TEXT, encode(message)))
        elif now != self._noted[0]:
            self._noted = (now, "server", self._noted[2])
        return self._noted

    def advance(self, now: float) -> None:
        """Do everything that is due by `now`."""
        while True:
            try:
                return self.agenda.run(now)
            except Exception:
                log.exception("a timer of stage %r failed", self.scenario.name)

    def next_due(self) -> float | None:
        """When `advance` is wanted next."""
        return self.agenda.next_due()

    def close_all(self, code: int, reason: str, now: float) -> None:
        """Close every connection, as a server does that shuts down or restarts."""
        for link in list(self.links):
            link.perform(lambda _: (Close(code, reason),), now)
        self.advance(now)


class Link:
    """One connection on a stage."""

    # All of them are passed when the world says something, and what is small is found in a faster memory.
    __slots__ = (
        *("_frame_filters", "_is_filtered", "_is_straight", "_line", "_script", "_transport"),
        *("closing", "journal", "number", "opened_at", "request", "session", "stage"),
    )

    def __init__(self, stage: Stage, request: Request, transport: Transport, number: int, now: float) -> None:
        self.stage = stage
        self._frame_filters = stage.protocol.frame_filters
        self._is_filtered = bool(stage.filters or self._frame_filters)
        self.request = request
        self.number = number
        self.opened_at = now
        self.closing = False
        self.journal = Journal()
        self.session = self._session()
        self.session.perform, self.session.notice = self.perform, self.notice
        self._transport = transport
        self._line = Line(stage.scenario.network, stage.agenda, partial(stage.chance, f"line/{number}"), transport, now)
        self._is_straight = not stage.scenario.network
        self._script = Script(stage.scenario.steps, self.session)

    @property
    def conversation(self) -> Conversation:
        """What is kept of what was said, as a record."""
        stage = self.stage
        about = {"protocol": stage.protocol.name, "scenario": stage.scenario.name, "connection": self.number}
        return self.journal.conversation(about, self.opened_at)

    def _session(self) -> Session[Any, Any]:
        stage = self.stage
        return stage.protocol.session(
            Context(
                world=stage.world,
                rules=stage.scenario.rules,
                new_chance=partial(stage.chance, f"connection/{self.number}"),
                clock=stage.clock,
                agenda=stage.agenda,
                topics=stage.topics,
                request=self.request,
                examples=stage.shapes.examples,
            )
        )

    def open(self, now: float) -> None:
        """Say what is said at once."""
        self.perform(self._script.opened, now)

    def play(self, actions: Iterable[Action], now: float) -> None:
        """Do what the scenario says, whatever the client did."""
        self.perform(lambda then: self._script.play(actions, None, then), now)

    def receive(self, frame: Frame, now: float) -> None:
        """A frame came from the client."""
        self.stage.advance(now)
        self.journal.add((now, "client", frame))
        if self.closing:
            return
        if frame.opcode is PING:
            self._out(Frame(Opcode.PONG, frame.data), now)
        elif len(frame.data) > self.stage.protocol.max_message_bytes:
            self.perform(self.session.oversized, now)
        elif frame.opcode is TEXT or frame.opcode is BINARY:
            self._answer(self._judged(self._decoded(frame)), self.session.arrived, now)
        self.stage.advance(now)

    def oversized(self, now: float) -> None:
        """A message came from the client of which the transport took nothing, since it is too big."""
        self.stage.advance(now)
        if not self.closing:
            self.perform(self.session.oversized, now)
        self.stage.advance(now)

    def gone(self, now: float) -> None:
        """The connection is over, whoever ended it. Saying so twice changes nothing."""
        if self in self.stage.links:
            del self.stage.links[self]
            self.closing = True
            self.session.closed(now)
            self.stage.advance(now)

    def perform(self, call: Callable[[float], Effects], now: float) -> None:
        """Carry out the effects of `call(now)`. A bug in it is logged, and told to the client as the spec says."""
        try:
            effects = call(now)
            if type(effects) is not tuple:  # Most are; others are made while one looks at them.
                effects = tuple(effects)
        except Exception:
            effects = self._failed(now)
        self._carry_out_all(effects, now)

    def notice(self, topic: str, event: Any, now: float) -> None:
        """Carry out what the session answers to an event of the world.

        Thousands may hear of one event, so it takes no call more than it must.
        """
        if self.closing:
            return
        try:
            effects = self.session.noticed(topic, event, now)
            if type(effects) is not tuple:
                effects = tuple(effects)
        except Exception:
            effects = self._failed(now)
        self._carry_out_all(effects, now)

    def _failed(self, now: float) -> Effects:
        log.exception("the session of connection %d failed", self.number)
        return self.session.failed(None, now)

    def _decoded(self, frame: Frame) -> Message | Problem:
        if frame.opcode is BINARY and not self.stage.protocol.reads_binary:
            return Problem("json", "", "a text frame", "a binary frame")
        return decode(frame)

    def _judged(self, message: Any) -> Message | Problem:
        if isinstance(message, Problem):
            return message
        if not isinstance(message, dict):
            return Problem("json", "", "a JSON object", f"JSON of type {kind_of(message)}")
        return self.stage.shapes.problem(message, "client") or message

    def _answer(self, message: Message | Problem, first: Look, now: float) -> None:
        try:
            effects = first(message, now)
            if effects is None:
                effects = self._looked_at(message, now)
            if type(effects) is not tuple:  # Most are; others are made while one looks at them.
                effects = tuple(effects)
        except Exception:
            about = None if isinstance(message, Problem) else message
            what = f"a {about['type']}" if about else "bad input"  # No more than that: it may hold secrets.
            log.exception("the session of connection %d failed on %s", self.number, what)
            effects = self.session.failed(about, now)
        self._carry_out_all(effects, now)

    def _looked_at(self, message: Message | Problem, now: float) -> Effects:
        if isinstance(message, Problem):
            return self.session.refused(message, now)
        if not self.stage.scenario.steps:  # As in most scenarios: the session alone answers.
            return self.session.received(message, now)
        return self._script.answer(message, now)

    def _carry_out_all(self, effects: Effects, now: float) -> None:
        for effect in effects:
            if self.closing:
                return
            if type(effect) is Send:
                if effect.own or self._is_filtered:
                    self._send(effect.message, effect.own or {}, now)
                else:  # The way of nearly all, so it is short.
                    self._emit(self.stage.note_of(effect.message, now))
            else:
                self._carry_out(effect, now)

    def _carry_out(self, effect: Any, now: float) -> None:
        match effect:
            case Receive(message):
                self._answer(self._judged(message), _arrived_already, now)
            case SendRaw(data, opcode):
                self._out(Frame(opcode, data), now)
            case Ping(data):
                self._out(Frame(Opcode.PING, data), now)
            case Close(code, reason):
                self._out(Frame(Opcode.CLOSE, code=code, reason=reason), now)
            case _:  # HangUp
                self.closing = True
                self._line.hang_up(now)

    def _send(self, message: Message, own: Message, now: float) -> None:
        stage = self.stage
        if not stage.filters:
            frame = stage.note_of(message, now)[2]
            self._out(with_members(frame, own) if own else frame, now)
            return
        # A copy, since filters may change it, and others get the same object.
        for filtered in self._filtered(merged(message, own), now):
            self._out(Frame(TEXT, encode(filtered)), now)

    def _filtered(self, message: Message, now: float) -> list[Message]:
        messages = [message]
        for each in self.stage.filters:
            messages = [result for m in messages for result in each(m, self.session, now)]
        return messages

    def _out(self, frame: Frame, now: float) -> None:
        frames = [frame]
        for each in self._frame_filters:
            frames = [result for f in frames for result in each(f, self.session, now)]
        for one in frames:
            self._emit((now, "server", one))

    def _emit(self, note: Note) -> None:
        self.journal.add(note)
        now, _, frame = note
        if frame.opcode is CLOSE:
            self.closing = True
        if self._is_straight:
            self._transport.send(frame)
        else:
            self._line.carry(frame, now)


def _arrived_already(message: Message | Problem, now: float) -> None:
    """What came inside another message has arrived with it."""
