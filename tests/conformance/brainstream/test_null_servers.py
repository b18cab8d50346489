"""Servers that do nothing worth the name. What they pass must really be true of them."""

import pytest

from harness.conformance import suite
from harness.core.message import Frame, Opcode

ACCEPTS = {
    "BRA-CONN-01": "it accepts the opening handshake",
    "BRA-CONN-04": "it answers pings, as every library of WebSocket does",
}
OBJECTS = {"BRA-PKT-01": "its frames are text frames that hold JSON objects"}

# Server -> its answer to a frame, what it says when a connection opens, and the requirements that it does keep.
SERVERS = {
    "silent": (lambda frame: [], [], ACCEPTS),
    "closes at once": (lambda frame: [], [Frame(Opcode.CLOSE, code=1000)], {}),
    "echoes": (lambda frame: [frame], [], ACCEPTS),
    "says ready": (lambda frame: [], [Frame(Opcode.TEXT, b'{"type":"READY"}')], ACCEPTS | OBJECTS),
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_null_server_earns_nothing_but_what_is_true_of_it(name, fake_server, judged, demo):
    reply, greeting, true_of_it = SERVERS[name]
    found = suite.load("brainstream")
    report = judged(found, fake_server(reply, greeting), demo(found))
    assert report.broken == []
    assert report.exit_code == 1
    assert {v.id for v in report.of("passed")} == set(true_of_it)
