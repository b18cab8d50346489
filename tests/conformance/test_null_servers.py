"""Four servers that do nothing worth the name. What they pass must really be true of them."""

import json
from dataclasses import replace

import pytest

from harness.conformance import suite
from harness.core.message import Frame, Opcode

ERROR = {
    "type": "Error",
    "id": "550e8400-e29b-41d4-a716-446655440014",
    "ts": "2024-01-15T10:33:00Z",
    "session": "7f3b9c2d-4e5f-4a7b-8c9d-0e1f2a3b4c5d",
    "data": {
        "code": "INTERNAL_ERROR",
        "message": "Server error",
        "details": {},
        "request_id": "550e8400-e29b-41d4-a716-446655440005",
        "recoverable": True,
        "suggestions": [],
    },
}

ACCEPTS = {
    "SKY-CONN-01": "it accepts the opening handshake",
    "SKY-CONN-09": "it answers pings, as every library of WebSocket does",
}
SELECTS_NOTHING = {"SKY-CONN-03": "it selects no subprotocol"}
ENVELOPE = {
    "SKY-ENV-01": "its frames are text frames that hold JSON objects",
    "SKY-ENV-02": "their type is one that the spec defines",
    "SKY-ENV-04": "their id is a version 4 UUID",
    "SKY-ENV-07": "their ts is a timestamp",
    "SKY-ENV-08": "their session is a string",
    "SKY-ENV-11": "their data is an object",
}

# Server -> its answer to a frame, what it says when a connection opens, and the MUSTs that are true of it.
SERVERS = {
    "silent": (lambda frame: [], [], ACCEPTS | SELECTS_NOTHING),
    "closes at once": (
        lambda frame: [],
        [Frame(Opcode.CLOSE, code=1000)],
        SELECTS_NOTHING | {"SKY-AUTH-14": "a close is an allowed answer to a Chat before Auth"},
    ),
    "answers the same error": (
        lambda frame: [Frame(Opcode.TEXT, json.dumps(ERROR).encode())],
        [],
        ACCEPTS
        | SELECTS_NOTHING
        | ENVELOPE
        | {
            "SKY-ENV-03": "an Error is the server's to send",
            "SKY-ERR-01": "its code is one of the eleven",
            "SKY-ERR-02": "it has a text",
            "SKY-ERR-03": "it has a request_id, though never the right one",
            "SKY-ERR-05": "recoverable is a boolean",
            "SKY-ERR-07": "details is an object",
            "SKY-ERR-08": "suggestions is a list",
        },
    ),
    "echoes": (
        lambda frame: [frame],
        [],
        ACCEPTS
        | SELECTS_NOTHING
        | ENVELOPE
        | {
            "SKY-AUTH-16": "clients send neither Plan nor Preview, so none comes back",
            "SKY-AUTH-17": "as many Auths come back as were sent",
        },
    ),
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_null_server_earns_nothing_but_what_is_true_of_it(name, fake_server, judged, demo):
    reply, greeting, true_of_it = SERVERS[name]
    found = suite.load("skybit")
    profile = replace(demo(found), side_by_side=1000)
    report = judged(found, fake_server(reply, greeting), profile)
    passed = report.of("passed")
    assert {v.id for v in passed if v.requirement.level == "MUST"} <= set(true_of_it)
    assert {v.id for v in passed} >= set(true_of_it), "a reason is kept for what it does not pass"
    assert report.broken == []
    assert report.exit_code == 1
