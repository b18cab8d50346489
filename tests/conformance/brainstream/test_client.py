"""What the checks of clients say of a client that does everything right, and of one that does one thing wrong."""

import pytest

from harness.conformance import suite
from harness.conformance.verdict import Kind
from harness.core.message import Frame, Opcode

BRAINSTREAM = suite.load("brainstream")
CHECKED = [c.id for c in BRAINSTREAM.checks if BRAINSTREAM.requirements[c.id].side == "client"]
PING, PONG = Opcode.PING, Opcode.PONG


def listening(record):
    """A client as in the sample: PING every 30 s, and pongs; beside it a symbol that is well named."""
    record.packet(0.1, "WELCOME")
    for at_s in (30, 60, 90):
        record.client(at_s, type="PING")
        record.frame(at_s + 1, "server", Frame(PING, b"%d" % at_s))
        record.frame(at_s + 1.1, "client", Frame(PONG, b"%d" % at_s))
    return record.packet(95)


@pytest.mark.parametrize("id_", [i for i in CHECKED if i != "BRA-CLIENT-06"])
def test_a_good_client_is_seen_to_be_good(record, id_):
    kind, observations = listening(record).judged(id_)
    assert kind is Kind.HELD
    assert observations > 0


def test_a_symbol_is_named(record):
    assert record.client(1, type="SUBSCRIBE", symbol="AAPL").judged("BRA-CLIENT-06") == (Kind.HELD, 1)


def flood(record):
    for number in range(5):
        record.client(0.1 * number, type="PING")


def sends(*frames):
    """A client that sends these at once, and then nothing for a while."""

    def play(record):
        for frame in frames:
            record.frame(1, "client", frame)
        record.packet(2)

    return play


def text(data):
    return Frame(Opcode.TEXT, data.encode())


FAULTS = [
    ("BRA-CLIENT-03", sends(text("ping"))),
    ("BRA-CLIENT-03", sends(Frame(Opcode.BINARY, b'{"type":"PING"}'))),
    ("BRA-CLIENT-04", sends(text('{"type":"UNSUBSCRIBE"}'))),
    ("BRA-CLIENT-04", sends(text('{"type":["PING"]}'))),
    ("BRA-CLIENT-05", sends(text('{"type":"HALT"}'))),
    ("BRA-CLIENT-06", sends(text('{"type":"SUBSCRIBE"}'))),
    ("BRA-CLIENT-06", sends(text('{"type":"SUBSCRIBE","symbol":""}'))),
    ("BRA-CLIENT-07", lambda record: record.client(1, type="PING").packet(50)),
    ("BRA-CLIENT-08", flood),
    ("BRA-CLIENT-09", lambda record: record.frame(1, "server", Frame(PING, b"1")).packet(9)),
    ("BRA-CLIENT-09", lambda r: r.frame(1, "server", Frame(PING, b"1")).frame(2, "client", Frame(PONG)).packet(9)),
]


@pytest.mark.parametrize(("id_", "play"), FAULTS)
def test_a_fault_is_noticed(record, id_, play):
    play(record)
    assert record.judged(id_)[0] is Kind.VIOLATED


def test_every_check_of_clients_is_shown_a_fault():
    assert {id_ for id_, _ in FAULTS} == set(CHECKED)


def test_the_pong_to_a_later_ping_will_do(record):
    for at_s, data in ((1, b"1"), (2, b"2")):
        record.frame(at_s, "server", Frame(PING, data))
    record.frame(3, "client", Frame(PONG, b"2")).packet(20)
    assert record.judged("BRA-CLIENT-09") == (Kind.HELD, 1)


def test_a_pong_that_may_be_under_way_is_not_missed(record):
    record.frame(1, "server", Frame(PING, b"1")).packet(2)
    assert record.judged("BRA-CLIENT-09") == (Kind.HELD, 0)


@pytest.mark.parametrize("id_", CHECKED)
def test_of_nothing_nothing_is_said(record, id_):
    assert record.judged(id_) == (Kind.HELD, 0)
