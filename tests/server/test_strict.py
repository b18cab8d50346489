"""Frames that must fail a connection are found however TCP splits them; all others pass as they are."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st

from harness.conformance.wire.raw import PING, TEXT, encoded
from harness.server.strict import Strict

SIZES = st.sampled_from([0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000])
FRAMES = st.lists(st.tuples(SIZES, st.sampled_from([TEXT, PING])), max_size=6)
CUTS = st.lists(st.integers(0, 400_000), max_size=8)


class Parser:
    """In place of aiohttp's: what it was fed, and what went wrong."""

    def __init__(self):
        self.got = b""
        self.error = None
        self.is_over = False

    def feed_data(self, data):
        self.got += data
        return False, b""

    def feed_eof(self):
        self.is_over = True

    def fail(self, error):
        self.error = error


def fed(data, cuts):
    parser = Parser()
    strict = Strict(parser, parser.fail)
    places = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    for start, end in itertools.pairwise(places):
        strict.feed_data(data[start:end])
    return parser


def frames_of(sizes):
    return b"".join(encoded(opcode, b"x" * min(size, 125 if opcode == PING else size)) for size, opcode in sizes)


@given(FRAMES, CUTS)
def test_good_frames_pass_as_they_are_however_they_are_split(sizes, cuts):
    data = frames_of(sizes)
    parser = fed(data, cuts)
    assert (parser.got, parser.error) == (data, None)


@given(FRAMES, st.sampled_from(["mask", "rsv1"]), FRAMES, CUTS)
def test_a_bad_frame_ends_it_and_nothing_behind_it_is_taken(before, fault, after, cuts):
    good = frames_of(before)
    bad = encoded(PING, b"x", mask=None) if fault == "mask" else encoded(PING, b"x", rsv=4)
    parser = fed(good + bad + frames_of(after), cuts)
    assert parser.error.code == 1002
    # A header that TCP split was handed on in part; the parser waits for the rest, which never comes.
    assert parser.got in (good, good + bad[:1])


def test_the_end_is_handed_on():
    parser = Parser()
    Strict(parser, parser.fail).feed_eof()
    assert parser.is_over


async def test_frames_that_come_with_the_handshake_are_looked_at_too(serving):
    async with serving() as mock:
        for frame, closes in ((encoded(PING, b"early"), False), (encoded(PING, b"early", mask=None), True)):
            reader, writer = await asyncio.open_connection("127.0.0.1", mock.port)
            writer.write(
                b"GET /artifact/v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + frame[:3]
            )
            await reader.readuntil(b"\r\n\r\n")
            writer.write(frame[3:] + encoded(PING, b"late"))
            head = await asyncio.wait_for(reader.readexactly(2), 5)
            assert head[0] == (0x88 if closes else 0x8A)
            writer.close()
