"""Conversations of BrainStream, as a recording holds them."""

import copy
import json

import pytest

from harness.conformance import suite
from harness.conformance.judging import on_conversation
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode, merged, rfc3339
from harness.protocols.brainstream import PROTOCOL
from harness.wire.schemas import shapes

BRAINSTREAM = suite.load("brainstream")
CHECKS = {c.id: c for c in BRAINSTREAM.checks if not c.exchange}
BEGAN_S = 1_766_318_400.0  # The moment of the spec's sample.


class Record:
    """Frames of one connection, by time."""

    def __init__(self, sample):
        self.conversation = Conversation()
        self.sample = sample

    def packet(self, at_s, kind="TELEMETRY", told_s=None, **changes):
        """A packet of the server; `changes` are of its data, with __ for a dot."""
        told_s = at_s if told_s is None else told_s
        own = {f"data.{name.replace('__', '.')}": value for name, value in changes.items()}
        stamp = {"data.timestamp": rfc3339(BEGAN_S + told_s), "data.logs": []}
        message = merged({**copy.deepcopy(self.sample), "type": kind}, {**stamp, **own})
        return self.frame(at_s, "server", Frame(Opcode.TEXT, json.dumps(message).encode()))

    def client(self, at_s, **message):
        """A message of the client."""
        return self.frame(at_s, "client", Frame(Opcode.TEXT, json.dumps(message).encode()))

    def frame(self, at_s, sender, frame):
        """Any frame."""
        self.conversation.note(at_s, sender, frame)
        return self

    def judged(self, id_):
        """How the invariant of this requirement ended: its kind, and how often it was seen kept."""
        outcome = on_conversation(BRAINSTREAM, CHECKS[id_], self.conversation)
        return outcome.kind, outcome.observations


@pytest.fixture
def record():
    """A record without frames."""
    return Record(shapes(PROTOCOL.folder).examples["TELEMETRY"]["active"])
