"""A door in memory: connections to a stage of the mock, in virtual time, which jumps to whatever is due next."""

import random
from collections import deque
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from harness.core.clock import Clock
from harness.core.message import Frame, Opcode
from harness.core.session import Request
from harness.load.crowd import Crowd, TurnedAway, tokens_of
from harness.load.seats import CUT, Refusal
from harness.scenario.scenario import plain
from harness.scenario.stage import Stage
from harness.wire.codec import decode, encode

REPLY_WITHIN_S = 5.0


class MemoryLine:
    """Both ends of one connection."""

    def __init__(self, door, request):
        self.ending = None
        self.session = ""
        self.chance = random.Random(1)
        self.arrived = deque()
        self.pongs = 0
        self.door = door
        self.link = None
        self.link = door.stage.connect(request, self, door.now)
        self._let_go()

    # What the stage sends

    def send_frame(self, frame):
        if frame.opcode is Opcode.CLOSE:
            self._end(Refusal(f"closed with {frame.code}", code=frame.code))
        elif frame.opcode is Opcode.PONG:
            self.pongs += 1
        elif frame.opcode is Opcode.TEXT:
            self.arrived.append(decode(frame))

    def hang_up(self):
        self._end(Refusal("cut without a close", code=CUT))

    def _end(self, ending):
        if self.ending is None:
            self.ending = ending
            self._let_go()

    def _let_go(self):
        if self.ending is not None and self.link is not None:
            self.door.stage.agenda.at(self.door.now, self.link.gone)

    # What a test does

    def wall_s(self):
        return self.door.stage.clock.wall_s(self.door.now)

    def send(self, message):
        # The same name for both directions: a stage sends frames.
        if isinstance(message, Frame):
            self.send_frame(message)
        elif self.ending is None:
            self.link.receive(Frame(Opcode.TEXT, encode(message)), self.door.now)

    def receive(self, *types):
        until_s = self.door.now + REPLY_WITHIN_S
        while True:
            while self.arrived:
                message = self.arrived.popleft()
                if message["type"] in types:
                    return message
            if self.ending is not None or not self.door.step(until_s):
                return None

    def ping(self):
        before = self.pongs
        if self.ending is None:
            self.link.receive(Frame(Opcode.PING, b""), self.door.now)
        return self.pongs > before

    def ended(self, within_s):
        until_s = self.door.now + within_s
        while self.ending is None and self.door.step(until_s):
            pass
        return self.ending is not None

    def listen(self):
        pass

    def rest(self):
        self.arrived.clear()

    def close(self):
        self._end(Refusal("closed with 1000", code=1000))
        self.door.stage.advance(self.door.now)

    def cut(self):
        self._end(Refusal("cut without a close", code=CUT))
        self.door.stage.advance(self.door.now)


class MemoryDoor:
    """A door (see `crowd.Door`) to a mock of this protocol, under these rules and facts."""

    has_elsewhere = True

    def __init__(self, protocol, rules=None, facts=None):
        scenario = plain(protocol)
        scenario = replace(scenario, rules=rules or scenario.rules, facts=facts or scenario.facts)
        self.stage = Stage(scenario, Clock())
        self.now = 0.0
        self.calls = []

    def open(self, address, within_s, elsewhere):
        parts = urlsplit(address.url)
        headers = {"sec-websocket-protocol": ", ".join(address.subprotocols)} if address.subprotocols else {}
        remote = "127.0.0.2" if elsewhere else "127.0.0.1"
        request = Request(parts.path, dict(parse_qsl(parts.query)), headers, remote)
        refusal = self.stage.admit(request, self.now)
        if refusal is not None:
            words = f"the server refuses the handshake with status {refusal.status}"
            raise TurnedAway(Refusal(words, status=refusal.status))
        return MemoryLine(self, request)

    def step(self, until_s):
        """Let the next thing happen, if it is due by then; whether it was."""
        due_s = self.stage.next_due()
        self.now = min(until_s, max(self.now, due_s if due_s is not None else until_s))
        self.stage.advance(self.now)
        return self.now < until_s

    def now_s(self):
        return self.now

    def pause(self, seconds):
        until_s = self.now + seconds
        while self.step(until_s):
            pass

    def together(self, jobs, at_once):
        return [job() for job in jobs]

    def every(self, period_s, call):
        self.calls.append(call)


def crowd_of(protocol, seats, tokens=(), rules=None, facts=None, door=None):
    """Connections to a mock of this protocol."""
    door = door or MemoryDoor(protocol, rules, facts)
    url = f"ws://mock{protocol.paths[0]}"
    return Crowd(door, seats, url, tokens_of(list(tokens), seats, random.Random(1)))
