"""The requirements of clients, judged on conversations made by hand."""

import json

import pytest

from harness.conformance import suite
from harness.conformance.judging import on_conversation
from harness.conformance.verdict import Kind
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode

SIGMAX = suite.load("sigmax")
CHECKS = {c.id: c for c in SIGMAX.checks if SIGMAX.requirements[c.id].side == "client"}


def says(at_s, sender, message):
    text = message if isinstance(message, str) else json.dumps(message)
    return at_s, sender, Frame(Opcode.TEXT, text.encode())


def client(message, at_s=1.0):
    return says(at_s, "client", message)


def server(message, at_s=1.0):
    return says(at_s, "server", message)


def subscribe(**data):
    return client({"type": "subscribe", "data": data})


PING = {"type": "ping", "data": {}}
PONG = {"type": "pong", "data": {}}
CLOSE = Frame(Opcode.CLOSE, code=1000)

# Id -> conversations that keep it, that break it, and that say nothing about it.
CASES = {
    "SIG-CLI-01": ([[client(PING)]], [[client("ping")], [client("[]")]], [[], [server("ping")]]),
    "SIG-CLI-02": ([[client(PING)]], [[client({"type": "hello"})], [client({})]], [[]]),
    "SIG-CLI-03": (
        [[client({"type": "ping"})], [subscribe()], [client({"type": "command", "data": {"command": "pause"}})]],
        [[client({"type": "subscribe"})], [client({"type": "ping", "data": []})], [client({"type": "command"})]],
        [[]],
    ),
    "SIG-CLI-04": ([[subscribe(topics=["market"])]], [[subscribe(topics="market")], [subscribe(symbols={})]], [[]]),
    "SIG-CLI-05": (
        [[subscribe(topics=["market", "symbol:BTC/USDT"])]],
        [[subscribe(topics=["markets"])], [subscribe(topics=["symbol:BTC"])], [subscribe(topics=[1])]],
        [[], [subscribe(topics=[])]],
    ),
    "SIG-CLI-06": (
        [[subscribe(symbols=["BTC/USDT", "symbol:ETH/USDT"])]],
        [[subscribe(symbols=["BTCUSDT"])], [subscribe(symbols=["BTC/"])]],
        [[]],
    ),
    "SIG-CLI-07": ([[subscribe(topics=["market"])]], [[subscribe(topics=["market", "all"])]], [[]]),
    "SIG-CLI-08": (
        [[server(PING, 30.0), client(PONG, 31.0)]],
        [[server(PING, 30.0), server(PING, 60.1)], [server(PING, 30.0), client(PONG, 90.0)]],
        [[], [server(PING, 30.0), server(PONG, 59.0)]],
    ),
    "SIG-CLI-09": (
        [[client(PING, 40.0), server(PONG, 90.0)]],
        [[server(PING, 30.0), server(PING, 61.0)], [client(PING, 1.0), client(PING, 70.0)]],
        [[], [server(PING, 59.0)]],
    ),
    "SIG-CLI-10": (
        [[(1.0, "client", CLOSE)]],
        [[(1.0, "client", Frame(Opcode.CLOSE, code=1011))]],
        [[], [(1.0, "server", Frame(Opcode.CLOSE, code=1011))]],
    ),
    "SIG-CLI-11": (
        [[client({**PING, "request_id": "a"}), client({**PING, "request_id": "b"})]],
        [[client({**PING, "request_id": 7}), client({**PING, "request_id": 7})]],
        [[], [client(PING), client(PING)]],
    ),
    "SIG-CLI-12": (
        [[client({"type": "command", "data": {"command": "pause"}})]],
        [[client({"type": "command", "data": {}})], [client({"type": "command", "data": {"command": ""}})]],
        [[]],
    ),
}


def outcome(id_, frames, dropped=0):
    conversation = Conversation(dropped=dropped)
    for at_s, sender, frame in frames:
        conversation.note(at_s, sender, frame)
    return on_conversation(SIGMAX, CHECKS[id_], conversation)


def test_every_requirement_of_clients_has_its_cases():
    assert set(CASES) == set(CHECKS)


@pytest.mark.parametrize("id_", CASES)
def test_a_client_is_judged_by_what_it_sends(id_):
    kept, broken, silent = CASES[id_]
    for frames in kept:
        assert (outcome(id_, frames).kind, outcome(id_, frames).observations > 0) == (Kind.HELD, True)
    for frames in broken:
        assert outcome(id_, frames).kind is Kind.VIOLATED
    for frames in silent:
        assert (outcome(id_, frames).kind, outcome(id_, frames).observations) == (Kind.HELD, 0)


def test_silence_is_not_judged_where_the_beginning_is_lost():
    assert outcome("SIG-CLI-09", [client(PING, 1.0), client(PING, 70.0)], dropped=3).observations == 0
