"""A server of a few lines in memory, and the door to it: its time is a number. Subclasses break one rule each."""

import random
from itertools import count

from harness.load.crowd import Crowd, TurnedAway
from harness.load.seats import CUT, Cause, Refusal, Seats

FULL = Refusal("the error FULL", error="FULL")
SILENCE = Refusal("no answer in time", cause=Cause.SILENCE)


class StubLine:
    def __init__(self, door):
        self.door = door
        self.ending = None
        self.session = ""
        self.chance = random.Random(1)

    def end(self, words, code, is_cut=False):
        if self.ending is None:
            self.ending = Refusal(words, code=code)
            self.door.left(self, is_cut)

    def close(self):
        self.end("closed with 1000", 1000)

    def cut(self):
        self.end("cut without a close", CUT, is_cut=True)

    def ended(self, within_s):
        self.door.now += 0.0 if self.ending else within_s
        return self.ending is not None

    def listen(self):
        pass

    def rest(self):
        pass


class Stub:
    """A door (see `crowd.Door`), and the server behind it, which does everything right."""

    has_elsewhere = True
    handshake_s = 0.001
    answer_s = 0.001

    def __init__(self, limit=4):
        self.limit = limit
        self.now = 0.0
        self.held = []
        self.spoken = []
        self.calls = []

    # The server

    def arrives(self, line, token):
        """Why a new line is not admitted, or None."""
        if len(self.held) >= self.limit:
            return self.refuses(line)
        self.held.append(line)
        return None

    def refuses(self, line):
        return FULL

    def left(self, line, is_cut):
        if line in self.held:
            self.held.remove(line)

    def serves(self, line):
        self.now += self.answer_s
        return line.ending is None

    # The door

    def open(self, address, within_s, elsewhere):
        self.now += min(self.handshake_s, within_s)
        if self.handshake_s > within_s:
            raise TurnedAway(SILENCE)
        return StubLine(self)

    def now_s(self):
        return self.now

    def pause(self, seconds):
        self.now += seconds

    def together(self, jobs, at_once):
        return [job() for job in jobs]

    def every(self, period_s, call):
        self.calls.append((period_s, call))


SEATS = Seats(
    admit=lambda line, token: line.door.arrives(line, token),
    is_served=lambda line: line.door.serves(line),
    keep=lambda line: line.door.spoken.append(line),
    limit=4,
    documents=lambda refusal: refusal.error == "FULL",
    manner="by the error FULL",
)


def crowd(door, seats=SEATS):
    return Crowd(door, seats, "ws://stub", (f"user-{number}" for number in count()))
