"""Plays: clients on a stage of Skybit whose time the test sets. What a play says is held to the schemas."""

import json
import random

import pytest

from harness.core.clock import Clock
from harness.core.message import Frame, Opcode, rfc3339, uuid4
from harness.core.session import Request
from harness.protocols.skybit import PROTOCOL
from harness.protocols.skybit.rules import Facts, Rules
from harness.scenario.scenario import Scenario
from harness.scenario.stage import Stage

SAMPLE_TEXT = "Buy 200 shares of AAPL at limit 225.10, good for the day"


class Play:
    """One stage, from time 0 on. Its books must balance after whatever happens, unless `audit_s` says how often."""

    audit_s = 0.0

    def __init__(self, facts=None, rules=None, seed=1, protocol=PROTOCOL):
        scenario = Scenario(
            "play", "A play", protocol, seed, facts=Facts(**(facts or {})), rules=Rules(**(rules or {}))
        )
        self.stage = Stage(scenario, Clock())
        self.world = self.stage.world
        self.chance = random.Random(5)
        self.now = self.audited_at = 0.0

    def wait(self, seconds):
        """Let time pass."""
        self.now = round(self.now + seconds, 6)
        self.stage.advance(self.now + 1e-7)  # What is due at this moment may be due a rounding later.
        if self.now - self.audited_at >= self.audit_s:
            assert self.world.check_books() == []
            self.audited_at = self.now

    def connect(self):
        """A client that has said nothing yet."""
        return Client(self)

    def trader(self, token="demo-user-1"):
        """A client that is authenticated."""
        client = self.connect()
        client.auth(token)
        client.take("Auth")
        return client

    def price(self, symbol="AAPL"):
        """The symbol's quote now."""
        return self.world.market.quote(symbol, self.now)


class Client:
    """One connection of a play. `take` gives what the server said, in order."""

    def __init__(self, play):
        self.play = play
        self.inbox = []
        self.close = None
        self.pings = 0
        self.session_id = "new"
        self.link = play.stage.connect(Request("/artifact/v1"), self, play.now)

    def send(self, frame):
        """Transport: a frame of the server."""
        if frame.opcode is Opcode.CLOSE:
            self.close = (frame.code, frame.reason)
        elif frame.opcode is Opcode.PING:
            self.pings += 1
        else:
            message = json.loads(frame.data)
            problem = self.play.stage.shapes.problem(message, "server")
            assert problem is None, f"{problem} in {message}"
            self.inbox.append(message)

    def hang_up(self):
        """Transport: the line is cut."""

    def say(self, kind, session=None, **data):
        """Send a message; it is given back."""
        message = {
            "type": kind,
            "id": uuid4(self.play.chance),
            "ts": rfc3339(self.play.stage.clock.wall_s(self.play.now)),
            "session": session or self.session_id,
            "data": data,
        }
        self.say_raw(message)
        return message

    def say_raw(self, value):
        """Send any JSON."""
        self.link.receive(Frame(Opcode.TEXT, json.dumps(value).encode()), self.play.now)

    def auth(self, token="demo-user-1", session="new"):
        """Auth; the session is kept."""
        message = self.say("Auth", session, token=token)
        if self.inbox and self.inbox[-1]["type"] == "Auth":
            self.session_id = self.inbox[-1]["session"]
        return message

    def take(self, *types):
        """The first message not taken yet, of these types or of any."""
        for message in self.inbox:
            if not types or message["type"] in types:
                self.inbox.remove(message)
                return message
        raise AssertionError(f"no {types} among {[m['type'] for m in self.inbox]}")

    def take_all(self, *types):
        """All messages not taken yet, of these types or of any."""
        taken = [m for m in self.inbox if not types or m["type"] in types]
        self.inbox = [m for m in self.inbox if m not in taken]
        return taken

    def error(self, code, request=None):
        """The next Error, which must have this code and answer this request."""
        error = self.take("Error")["data"]
        assert error["code"] == code, error
        assert error["request_id"] == (request["id"] if request else None)
        return error

    def chat(self, text=SAMPLE_TEXT):
        """Chat, and the time it takes to be answered."""
        message = self.say("Chat", text=text)
        self.play.wait(0.2)
        return message

    def preview(self, text=SAMPLE_TEXT):
        """The data of the Preview for an order in words."""
        self.chat(text)
        self.take("Plan")
        return self.take("Preview")["data"]

    def approve(self, preview, **data):
        """Approve a preview, and the time it takes to be answered."""
        message = self.say("Approve", preview_id=preview["preview_id"], **data)
        self.play.wait(0.1)
        return message

    def order(self, text=SAMPLE_TEXT, **data):
        """The data of the first Status of an order in words."""
        self.approve(self.preview(text), **data)
        return self.take("Status")["data"]

    def statuses(self):
        """The words and figures of the Status messages not taken yet."""
        return [(s["data"]["status"], s["data"]["filled"]) for s in self.take_all("Status")]


@pytest.fixture
def play():
    """Makes plays; at the end of the test their books must balance."""
    plays = []

    def make(facts=None, rules=None, seed=1, **more):
        plays.append(Play(facts, rules, seed, **more))
        return plays[-1]

    yield make
    for each in plays:
        assert each.world.check_books() == []
