"""5.2: what is no message is ignored, and disturbs nobody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from harness.conformance.check import check, expect, given
from harness.conformance.malformed import Malformed, Source
from harness.conformance.trial import FAR_S, Trial, judge
from harness.core.message import Frame, Opcode
from harness.protocols.brainstream.checks.commands import is_ignored, is_kept, text
from harness.protocols.brainstream.lab import PACKETS, BrainStreamLab, BrainStreamPeer

NO_JSON = ("PING", "{", '{"type": "PING"', "{'type': 'PING'}", '{"type": "PING"} {"type": "PING"}', "<ping/>", "\x00")
NO_OBJECTS: tuple[object, ...] = ([], ["PING"], [{"type": "PING"}], "PING", 7, None, True)
NO_WORDS = (None, 7, True, ["PING"], {"PING": 1})
UNKNOWN = ("ping", "Ping", "PONG", "UNSUBSCRIBE", "HEARTBEAT", "", " PING", "__proto__")
NO_SYMBOLS = (None, 7, ["AAPL"], {"AAPL": 1})
DEPTH = 500
KILOBYTES = 60
MANY = 100
PAUSE_S = 0.05  # Enough for a server to cut the connection, near by.
MARK = "SENT BY A CLIENT"
HANDFUL = 12  # Of malformed messages, which two packets then have to follow.
COUNT = 73


def _raw(*texts: str) -> list[Frame]:
    return [Frame(Opcode.TEXT, each.encode()) for each in texts]


def _messages(*messages: object) -> list[Frame]:
    return [text(each) for each in messages]


@check("BRA-MAL-01")
async def no_json_is_ignored(listener: BrainStreamPeer) -> None:
    """Send words, halves of objects, two at once and a control character."""
    await is_ignored(listener, *_raw(*NO_JSON))


@check("BRA-MAL-02")
async def nothing_is_ignored(listener: BrainStreamPeer) -> None:
    """Send a text frame without text, and one of spaces."""
    await is_ignored(listener, *_raw("", "   "))


@check("BRA-MAL-03")
async def no_object_is_ignored(listener: BrainStreamPeer) -> None:
    """Send arrays, a string, a number, null and true."""
    await is_ignored(listener, *_messages(*NO_OBJECTS))


@check("BRA-MAL-04")
async def no_type_is_ignored(listener: BrainStreamPeer) -> None:
    """Send an empty object, and one with all but a type."""
    await is_ignored(listener, *_messages({}, {"symbol": "AAPL", "data": {}}))


@check("BRA-MAL-05")
async def a_type_that_is_no_string_is_ignored(listener: BrainStreamPeer) -> None:
    """Send null, a number, true, an array and an object as type."""
    await is_ignored(listener, *_messages(*({"type": value} for value in NO_WORDS)))


@check("BRA-MAL-06")
async def an_unknown_type_is_ignored(listener: BrainStreamPeer) -> None:
    """Send words that are near to the known ones, and others."""
    await is_ignored(listener, *_messages(*({"type": word} for word in UNKNOWN)))


@check("BRA-MAL-07")
async def a_binary_frame_is_ignored(listener: BrainStreamPeer) -> None:
    """Send bytes that are no text, and a PING in a binary frame."""
    frames = [Frame(Opcode.BINARY, data) for data in (b"\x00\xff\xfe", b'{"type": "PING"}')]
    await is_ignored(listener, *frames)


@check("BRA-MAL-08")
async def a_subscribe_without_symbol_is_ignored(listener: BrainStreamPeer) -> None:
    """Send SUBSCRIBE with no symbol, null, a number, an array and an object."""
    broken = [{"type": "SUBSCRIBE", "symbol": value} for value in NO_SYMBOLS]
    await is_ignored(listener, *_messages({"type": "SUBSCRIBE"}, *broken))


@check("BRA-MAL-09")
async def deep_nesting_is_ignored(listener: BrainStreamPeer) -> None:
    """Send a message of unknown type with arrays in arrays."""
    await is_ignored(listener, *_raw('{"type":"NOISE","data":' + "[" * DEPTH + "]" * DEPTH + "}"))


@check("BRA-MAL-10")
async def a_large_message_is_ignored(listener: BrainStreamPeer) -> None:
    """Send a word of 60 KB."""
    await is_ignored(listener, text({"type": "NOISE", "data": "x" * KILOBYTES * 1000}))


@check("BRA-MAL-11")
async def many_are_ignored_like_one(listener: BrainStreamPeer) -> None:
    """Send a hundred in a row, of several kinds."""
    kinds = [*_raw(*NO_JSON), *_messages(*NO_OBJECTS)]
    chance = listener.lab.chance
    await is_ignored(listener, *(chance.choice(kinds) for _ in range(MANY)))


@check("BRA-MAL-12")
async def the_stream_of_another_is_not_disturbed(lab: BrainStreamLab, listener: BrainStreamPeer) -> None:
    """Let another client send malformed messages of several kinds."""
    with given("another client"):
        other = await lab.listener()
        for frame in (*_raw(*NO_JSON), *_messages(*NO_OBJECTS), Frame(Opcode.BINARY, b"\xff")):
            if not other.is_lost:  # Whether it may be cut is for the other requirements to say.
                await other.send_frame(frame)
                await other.pause(PAUSE_S)
    await is_kept(listener)


@check("BRA-MAL-13")
async def a_packet_of_a_client_goes_to_nobody(lab: BrainStreamLab, listener: BrainStreamPeer) -> None:
    """Let another client send a TELEMETRY with a mark that nobody may see."""
    with given("another client"):
        other = await lab.listener()
    data = {"timestamp": "2025-12-21T12:00:00Z", "status": "HALT", "market": {"symbol": MARK}}
    await other.send({"type": "TELEMETRY", "data": data})
    await is_kept(listener)
    for peer in (listener, other):
        marked = [message for message in peer.conversation.received() if MARK in json.dumps(message)]
        expect(not marked, "nothing of what a client sent", marked[0] if marked else None)


def _demanded(kind: str, where: str, value: Any) -> bool:
    """Any fault; but a command with another fault than its type may be served one day."""
    return where == "type" or kind in PACKETS


# What servers send is unknown from a client.
SOURCE = Source.of("brainstream", "client", "server", demanded=_demanded)


async def _are_ignored(peers: Sequence[BrainStreamPeer], group: Sequence[Malformed]) -> None:
    await is_ignored(peers[0], *(malformed.frame for malformed in group))


@check("BRA-MAL-14", lasts_s=FAR_S)
async def whatever_is_malformed_is_ignored(lab: BrainStreamLab) -> None:
    """Send what the schemas refuse, a handful at a time."""

    async def connect() -> Sequence[BrainStreamPeer]:
        return [await lab.listener()]

    await judge(Trial(SOURCE, connect, _are_ignored, at_once=HANDFUL), lab.chance, COUNT)
