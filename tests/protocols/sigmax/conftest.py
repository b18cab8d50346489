"""SIGMAX on a stage whose time the test sets, and clients that talk to it in its own messages."""

import random

import pytest

from harness.core.world import Setting
from harness.protocols.sigmax import PROTOCOL
from harness.protocols.sigmax.rules import Facts
from harness.protocols.sigmax.world import SigmaxWorld
from harness.scenario.loading import load
from harness.wire.schemas import shapes


class Subscriber:
    """One connection: what `Client` of the shared plays can, and the messages that a client sends most."""

    def __init__(self, client):
        self.client = client

    def __getattr__(self, name):
        return getattr(self.client, name)

    @property
    def id(self):
        """The connection_id that the server gave."""
        return self.client.messages("connected")[0]["connection_id"]

    def ask(self, kind, data=None, **more):
        """Send a message; what came at once is given back."""
        before = len(self.client.log)
        self.client.say({"type": kind, **({} if data is None else {"data": data}), **more})
        return [what for _, what in self.client.log[before:]]

    def subscribe(self, *topics, symbols=()):
        """subscribe; the answers are given back."""
        return self.ask("subscribe", {"topics": list(topics), "symbols": list(symbols)})

    def unsubscribe(self, *topics, symbols=()):
        """unsubscribe, likewise."""
        return self.ask("unsubscribe", {"topics": list(topics), "symbols": list(symbols)})

    def command(self, name, **arguments):
        """command, likewise."""
        return self.ask("command", {"command": name, **arguments})

    def data(self, *types):
        """The data of all messages so far of these types."""
        return [m["data"] for m in self.client.messages(*types)]


class System:
    """A play of SIGMAX, with subscribers in place of clients."""

    def __init__(self, play):
        self.play = play
        self.awake = []

    def __getattr__(self, name):
        return getattr(self.play, name)

    def connect(self, *topics, symbols=(), **more):
        """A client that has connected, and subscribed to these if any are given."""
        subscriber = Subscriber(self.play.connect(**more))
        if topics or symbols:
            subscriber.subscribe(*topics, symbols=symbols)
        self.awake.append(subscriber)
        return subscriber

    def wait(self, seconds):
        """Let time pass; clients answer pings before they are taken for dead."""
        until = round(self.play.now + seconds, 6)
        while self.play.now < until:
            self.play.wait(min(25.0, until - self.play.now))
            for subscriber in self.awake:
                subscriber.say({"type": "pong"})


@pytest.fixture
def system_of(play_of, tmp_path):
    """Makes plays of SIGMAX: with these facts and rules, or of a scenario that is given as YAML."""

    def make(text=None, **settings):
        if text is None:
            return System(play_of(PROTOCOL, **settings))
        path = tmp_path / "scenario.yaml"
        path.write_text(f"scenario: A play\nprotocol: sigmax\n{text}")
        return System(play_of(PROTOCOL, load(path, {PROTOCOL.name: PROTOCOL}), **settings))

    return make


@pytest.fixture
def world_of():
    """Makes worlds without a stage, whose agenda the test runs."""

    def make(seed=1, vitals=None, **facts):
        examples = shapes(PROTOCOL.folder).examples
        return SigmaxWorld(Facts(**facts), Setting(random.Random(seed), examples=examples, vitals=vitals))

    return make
