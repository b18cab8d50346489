"""Plays: clients on a stage of any protocol, whose time the test sets. What a play says is held to the schemas."""

import asyncio
import json
import logging
import random
import time
from collections import Counter, defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import websockets

from harness.core.clock import Clock
from harness.core.http import HttpRequest
from harness.core.message import Frame, Opcode
from harness.core.session import Request
from harness.load.behaviour import Lost
from harness.load.shared import Shared
from harness.load.targets import Row
from harness.scenario.house import House
from harness.scenario.library import Library
from harness.scenario.loading import load
from harness.scenario.scenario import Scenario
from harness.scenario.stage import Stage
from harness.server.admin import Guard
from harness.server.app import Server
from harness.wire.codec import decode, encode

ROOT = Path(__file__).parents[2]


class Play:
    """One stage, from time 0 on. Its books must balance after whatever happens."""

    def __init__(self, scenario, seed=None, strict=True, clock=None):
        self.scenario = scenario
        self.stage = Stage(scenario, clock or Clock(), seed)
        self.world = self.stage.world
        self.strict = strict  # Whether each message of the server must be valid by its schema.
        self.now = 0.0

    def wait(self, seconds):
        """Let time pass, moment by moment."""
        until = round(self.now + seconds, 6)
        while (due := self.stage.next_due()) is not None and due <= until + 1e-7:
            self.now = max(self.now, due)
            self.stage.advance(self.now)
        self.now = until
        assert self.world.check_books() == []

    def connect(self, path=None, query=None, headers=None, **more):
        """A client, which has heard what is said at once."""
        opening = Request(path or self.scenario.protocol.paths[0], query or {}, headers or {}, **more)
        return Client(self, opening)


class Client:
    """One connection of a play. `log` has all it got, with times: messages, bytes that are none, close codes, `cut`."""

    def __init__(self, play, opening):
        self.play = play
        self.log = []
        self.pings = 0
        self.link = None
        self.link = play.stage.connect(opening, self, play.now)
        if self.ends:  # It was turned away before there was a link to end.
            self.link.gone(play.now)

    def send(self, frame):
        """Transport: a frame of the server."""
        if frame.opcode is Opcode.PING:
            self.pings += 1
        elif frame.opcode is Opcode.CLOSE:
            self._end(frame.code)
        elif frame.opcode is Opcode.TEXT:
            self.log.append((self.play.now, self._decoded(frame.data)))

    def hang_up(self):
        """Transport: the line is cut."""
        self._end("cut")

    def _end(self, what):
        self.log.append((self.play.now, what))
        # Not at once, since the stage is in the midst of something.
        self.play.stage.agenda.at(self.play.now, lambda now: self.link and self.link.gone(now))

    def _decoded(self, data):
        if not self.play.strict:
            try:
                return json.loads(data)
            except ValueError:
                return data
        message = json.loads(data)
        problem = self.play.stage.shapes.problem(message, "server")
        assert problem is None, f"{problem} in {message}"
        return message

    def say(self, message):
        """Send a message (or any JSON)."""
        self.say_raw(json.dumps(message).encode())

    def say_raw(self, data, opcode=Opcode.TEXT):
        """Send these bytes."""
        self.link.receive(Frame(opcode, data), self.play.now)

    def leave(self):
        """End the connection from this side."""
        self.link.gone(self.play.now)

    def messages(self, *types):
        """All messages so far, of these types or of any."""
        return [m for _, m in self.log if isinstance(m, dict) and (not types or m.get("type") in types)]

    def times(self, *types):
        """When they came."""
        return [t for t, m in self.log if isinstance(m, dict) and (not types or m.get("type") in types)]

    def take(self, *types):
        """The first message not taken yet, of these types or of any; it is taken out of the log."""
        for entry in self.log:
            if isinstance(entry[1], dict) and (not types or entry[1]["type"] in types):
                self.log.remove(entry)
                return entry[1]
        raise AssertionError(f"no {types} among {[m.get('type') for m in self.messages()]}")

    @property
    def ends(self):
        """Close codes, and `cut`."""
        return [what for _, what in self.log if isinstance(what, int) or what == "cut"]


@pytest.fixture
def play_of():
    """Makes plays of a protocol, with `facts` and `rules` in place of its own, or of a shipped scenario by name.

    At the end of the test, the books of all must balance.
    """
    plays = []

    def make(protocol, scenario=None, facts=None, rules=None, seed=None, **more):
        if scenario is None:
            parts = {"facts": type(protocol.facts)(**(facts or {})), "rules": type(protocol.rules)(**(rules or {}))}
            scenario = Scenario("play", "A play", protocol, **parts)
        elif isinstance(scenario, str):
            scenario = load(Library().find(protocol.name, scenario), {protocol.name: protocol})
        plays.append(Play(scenario, seed, **more))
        return plays[-1]

    yield make
    for each in plays:
        assert each.world.check_books() == []


class Crowd:
    """Load users on one stage, in memory: time jumps to whatever is due next, for the mock or for one of them.

    `samples` has the milliseconds of each row, `errors` (row, reason), `sizes` the bytes that came.
    """

    def __init__(self, scenario, kinds, paces=None, tokens=(), same_clock=True, clock=None, url=None):
        self.stage = Stage(scenario, clock or Clock())
        self.protocol = scenario.protocol
        self.now = 0.0
        self.paces = {name: pace.usual_s for kind in kinds for name, pace in kind.PACES.items()} | (paces or {})
        self.tokens = tokens
        self.same_clock = same_clock
        self.shared = Shared()
        self.samples = defaultdict(list)
        self.errors = []
        self.waits = defaultdict(list)
        self.counts = Counter()
        self.sizes = Counter()
        self.intended = Counter()
        url = url or f"ws://mock{self.protocol.paths[0]}"
        self.users = [LoadUser(self, kind, number, url) for number, kind in enumerate(kinds)]

    def run(self, seconds):
        """Let time pass, moment by moment."""
        until = self.now + seconds
        while (due := self._next_due()) <= until:
            self.now = max(self.now, due)
            self.stage.advance(self.now)
            self._act()
        self.now = until
        assert self.stage.world.check_books() == []
        return self

    def _act(self):
        """All users hear what has come and do what is due; what one does, others may hear of at once."""
        for user in self.users:
            user.act(self.now)
        if any(user.is_open and user.inbox.frames for user in self.users):
            self._act()

    def end(self):
        """The run ends: what should be there by now has failed."""
        for user in self.users:
            user.behaviour.fail_before(self.now - 1.0, "no reply before the end", self.now)
        return self

    def rows(self):
        """What was measured, as a load test would tell it; times of errors count."""
        rows = {}
        for name, count in self.counts.items():
            times = sorted(self.samples[name] + self.waits[name]) or [None]
            shares = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99, "p999_ms": 0.999}
            figures = {figure: times[int(len(times) * share)] for figure, share in shares.items()}
            failures = sum(row == name for row, _ in self.errors)
            user_s = self.now * sum(name in type(user.behaviour).ROWS for user in self.users)
            sums = {"max_ms": times[-1], "bytes": self.sizes[name], "user_s": user_s, "per_s": count / self.now}
            rows[name] = Row(name, count, failures, intended=self.intended[name], **figures, **sums)
        return rows

    def _next_due(self):
        agendas = [self.stage, *(user.behaviour.agenda for user in self.users if user.is_open)]
        return min(due for due in (agenda.next_due() for agenda in agendas) if due is not None)


class LoadUser:
    """The shell of one load user, with its connection."""

    def __init__(self, crowd, kind, number, url):
        self.crowd = crowd
        self.chance = random.Random(number)
        self.sent = []
        self.inbox = Inbox()
        self.pinged = []
        self.is_open = False
        self.behaviour = kind(self)
        try:
            self.dial = self.behaviour.dial(url)
        except Lost:
            return
        parts = urlsplit(self.dial.url)
        headers = {name.lower(): value for name, value in self.dial.headers.items()}
        if self.dial.subprotocols:
            headers["sec-websocket-protocol"] = ", ".join(self.dial.subprotocols)
        self.is_open = True
        opening = Request(parts.path, dict(parse_qsl(parts.query)), headers)
        self.link = crowd.stage.connect(opening, self.inbox, crowd.now)
        self.behaviour.opened(crowd.now)
        self.behaviour.fail_overdue(crowd.now)
        self.act(crowd.now)

    def act(self, now):
        """Hear what has come, and do what is due."""
        if self.is_open and self.behaviour.has_left:
            self.is_open = False
            self.link.gone(now)
        try:
            self._hear()
            if self.is_open:
                self.behaviour.agenda.run(now)
                self._hear()
        except Lost:
            assert not self.is_open

    def _hear(self):
        while self.inbox.frames:
            frame = self.inbox.frames.pop(0)
            if frame.opcode is Opcode.TEXT:
                self.behaviour.received(decode(frame), self.crowd.now, len(frame.data))
            elif frame.opcode is Opcode.PONG:
                self.behaviour.ponged(frame.data, self.crowd.now)
            elif frame.opcode is Opcode.CLOSE:
                self.is_open = False

    def said(self, *types):
        """The messages of these types that it sent."""
        return [message for message in self.sent if message["type"] in types]

    # The shell of its behaviour

    paces = property(lambda self: self.crowd.paces)
    tokens = property(lambda self: self.crowd.tokens)
    same_clock = property(lambda self: self.crowd.same_clock)
    shared = property(lambda self: self.crowd.shared)

    def now_s(self):
        return self.crowd.now

    def wall_s(self, now_s):
        return self.crowd.stage.clock.wall_s(now_s)

    def send(self, message):
        self._transmit(Frame(Opcode.TEXT, encode(message)))
        self.sent.append(message)

    def ping(self, data):
        self._transmit(Frame(Opcode.PING, data))
        self.pinged.append(self.crowd.now)

    def _transmit(self, frame):
        if not self.is_open:
            raise Lost("the connection is closed")
        self.link.receive(frame, self.crowd.now)

    def post(self, url, body):
        stage, path = self.crowd.stage, urlsplit(url).path
        for endpoint in self.crowd.protocol.http:
            if endpoint.path == path:
                request = HttpRequest("POST", path, body=json.dumps(body).encode())
                reply = endpoint.answer(stage.world, stage.scenario.rules, request, self.crowd.now)
                return reply.status, json.dumps(reply.body).encode()
        raise Lost("nobody answers")

    def wake(self):
        pass

    def intend(self, name):
        self.crowd.intended[name] += 1

    def measure(self, name, ms, size=0, error=None):
        self.crowd.counts[name] += 1
        self.crowd.sizes[name] += size
        if error is not None:
            self.crowd.errors.append((name, error))
            if ms is not None:
                self.crowd.waits[name].append(ms)
        elif ms is not None:
            self.crowd.samples[name].append(ms)


class Inbox:
    """The transport of a load user's connection: frames wait here until they are heard."""

    def __init__(self):
        self.frames = []

    def send(self, frame):
        self.frames.append(frame)

    def hang_up(self):
        self.frames.append(Frame(Opcode.CLOSE, code=1006))


@pytest.fixture
def crowd_of():
    """Makes crowds of load users, on a stage of their protocol with these `facts` and `rules` in place of its own."""

    def make(protocol, *kinds, facts=None, rules=None, scenario=None, **more):
        parts = {"facts": type(protocol.facts)(**(facts or {})), "rules": type(protocol.rules)(**(rules or {}))}
        if scenario is not None:
            scenario = load(Library().find(protocol.name, scenario), {protocol.name: protocol})
        return Crowd(scenario or Scenario("load", "A load test", protocol, **parts), kinds, **more)

    return make


@dataclass
class Mock:
    """A running server of one protocol, and where it is."""

    server: Server
    port: int
    path: str

    def url(self, query="", path=None):
        return f"ws://127.0.0.1:{self.port}{path or self.path}{query}"

    def http(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def client(self, query="", path=None, **options):
        """Connect by the library websockets, which we did not write."""
        return websockets.connect(self.url(query, path), proxy=None, **options)

    async def run(self, *words, within_s=30):
        """What a program prints that runs from the project's folder; it must end well."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        try:
            async with asyncio.timeout(within_s):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, err.decode() + out.decode()
        return out.decode()


@pytest.fixture
async def mock_of(caplog):
    """Starts mocks of protocols over sockets. Nothing may be logged as an error."""
    async with AsyncExitStack() as running:

        async def start(protocol):
            server = Server(House({protocol.name: protocol}, time.time), Guard(None, True))
            await server.start()
            running.push_async_callback(server.stop, within_s=1)
            return Mock(server, await server.listen("127.0.0.1", 0), protocol.paths[0])

        yield start
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR or r.exc_info] == []
