"""A server in memory that answers by a function, and a suite of a few checks, for the tests of what runs suites."""

import asyncio
import contextlib
import random
import threading
import time
from collections import deque

import pytest

from harness.conformance.lab import Lab
from harness.conformance.peer import Answer
from harness.conformance.profile import Profile
from harness.conformance.requirement import Requirement
from harness.conformance.runner import Options, run
from harness.conformance.suite import Suite
from harness.core.clock import run_virtual
from harness.core.message import Frame, Opcode
from harness.scenario.house import House
from harness.server.admin import Guard
from harness.server.app import Server


class FakeServer:
    """An opener whose connections answer each text by `reply(frame)`, and know the handshakes of RFC 6455."""

    def __init__(self, reply=lambda frame: [], greeting=(), status=101, pongs=True):
        self.reply = reply
        self.greeting = greeting
        self.status = status
        self.pongs = pongs
        self.offers = []

    async def open(self, offer, peer):
        self.offers.append(offer)
        await asyncio.sleep(0.001)
        if self.status != 101:
            return Answer(self.status), None
        channel = FakeChannel(self, peer)
        for frame in self.greeting:
            channel.deliver(frame)
        return Answer(101), channel


class FakeChannel:
    def __init__(self, server, peer):
        self.server, self.peer = server, peer
        self.under_way = deque()

    async def send(self, frame):
        if frame.opcode is Opcode.PING:
            if self.server.pongs:
                self.deliver(Frame(Opcode.PONG, frame.data))
        elif frame.opcode is Opcode.CLOSE:
            self.deliver(frame)
        else:
            for answer in self.server.reply(frame):
                self.deliver(answer)

    async def abort(self):
        self.peer.lost()

    def deliver(self, frame):
        # A loop keeps no order among calls that are due at the same moment.
        self.under_way.append(frame)
        asyncio.get_running_loop().call_later(0.001, self._arrive)

    def _arrive(self):
        frame = self.under_way.popleft()
        if not self.peer.is_lost:
            self.peer.arrived(frame)
            if frame.opcode is Opcode.CLOSE:
                self.peer.lost()


@pytest.fixture
def fake_server():
    """The class FakeServer."""
    return FakeServer


@pytest.fixture
def echo():
    """A server that sends back what it is sent."""
    return FakeServer(lambda frame: [frame])


@pytest.fixture
def suite_of():
    """Makes a suite of check functions; requirements they name are MUST of the server unless given."""

    def make(*functions, requirements=(), problem=lambda message: None, lab=Lab):
        checks = tuple(each for function in functions for each in function.checks)
        known = {c.id: Requirement(c.id, "MUST", "server", "Fakes", f"{c.id} holds.") for c in checks}
        known |= {r.id: r for r in requirements}
        return Suite("fake", known, checks, lab, lambda target, chance: Profile(target), problem=problem)

    return make


@pytest.fixture
def judged():
    """Runs a suite against an opener in virtual time; gives the report."""

    def judge(suite, server, profile=None, **options):
        profile = profile or Profile("ws://fake/")
        return run_virtual(run(suite, profile, server, lambda: 1705314600.0, Options(**options)))

    return judge


@pytest.fixture
def demo():
    """The demo profile of a protocol's suite, for the fake servers."""

    def make(suite):
        return suite.demo_profile(f"ws://fake{suite.paths[0]}", random.Random(1))

    return make


@pytest.fixture
def serve():
    """Serves a protocol on a free port of loopback, from a thread of its own; gives the URL."""
    with contextlib.ExitStack() as stack:
        yield lambda protocol: stack.enter_context(_served(protocol))


@contextlib.contextmanager
def _served(protocol):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def there(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    server = Server(House({protocol.name: protocol}, time.time), Guard(None, open_here=False))
    try:
        there(server.start())
        yield f"ws://127.0.0.1:{there(server.listen('127.0.0.1', 0))}{protocol.paths[0]}"
    finally:
        there(server.stop(1.0))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
