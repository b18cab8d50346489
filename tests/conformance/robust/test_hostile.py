"""Servers that refuse, hang, flood, lie and break off: every run ends in time, with verdicts, and no bug of ours."""

import asyncio
import copy
import json
import random
import socket
import struct
import time
import zlib
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.runner import run
from harness.conformance.socket import SocketOpener
from harness.conformance.wire.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, accept_of, encoded
from harness.wire.schemas import shapes

pytestmark = pytest.mark.socket

UPGRADE = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n"
RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
BLOCK = b"and more " * 7000
KINDS = {name: list(shapes(protocols.load(name).folder).examples.values()) for name in protocols.having("lab")}
SAMPLES = {name: [message for kind in kinds for message in kind.values()] for name, kinds in KINDS.items()}
SAMPLES[suite.WIRE] = SAMPLES["skybit"]


# Servers that do not get as far as a WebSocket ----------------------------------------------------


async def nothing(reader, writer):
    await reader.read()


async def cuts(reader, writer):
    pass


async def resets(reader, writer):
    writer.get_extra_info("socket").setsockopt(*RESET)
    writer.transport.abort()


async def trickles(reader, writer):
    await _headers(reader)
    for byte in UPGRADE.replace("\n", "\r\n").encode() + b"X-More: and more\r\n" * 1000:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.05)


async def speaks_tls(reader, writer):
    await reader.read(1)
    writer.write(b"\x15\x03\x01\x00\x02\x02\x28")  # The alert that a client's hello cannot be understood.
    await writer.drain()
    await reader.read()


def answers(head, body=b"", forever=False):
    """A server that answers a request by this; `forever`, its body again and again."""

    async def server(reader, writer):
        await _headers(reader)
        writer.write(head.replace("\n", "\r\n").encode() + b"\r\n" * (not forever or "\n" in head) + body)
        while forever:
            writer.write(body)
            await writer.drain()

    return server


async def _headers(reader):
    """The headers of a handshake, by name."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n"))}


OUTSIDE = {
    "says nothing at all": nothing,
    "hangs up at once": cuts,
    "resets at once": resets,
    "answers byte by byte": trickles,
    "speaks TLS": speaks_tls,
    "headers without end": answers(UPGRADE.rstrip("\n"), b"\r\nX-More: and more" * 4000, forever=True),
    "a header without end": answers("HTTP/1.1 200 Yes", b"\r\nX-More: and more" + BLOCK, forever=True),
    "a body without end": answers("HTTP/1.1 404 No\n", BLOCK, forever=True),
    "a wrong accept key": answers(UPGRADE + "Sec-WebSocket-Accept: AAAA\n"),
    "no accept key": answers(UPGRADE),
    "an odd status": answers("HTTP/1.1 ²³² Odd\n"),
    "a status of many digits": answers(f"HTTP/1.1 {'9' * 5000} Odd\n"),
    "200": answers("HTTP/1.1 200 Yes\nContent-Length: 2\n", b"no"),
    "404": answers("HTTP/1.1 404 No\nContent-Length: 2\n", b"no"),
    "500": answers("HTTP/1.1 500 No\nContent-Length: 2\n", b"no"),
    "goes in circles": answers("HTTP/1.1 301 Moved\nLocation: /again\nContent-Length: 0\n"),
}


# Servers that do ----------------------------------------------------------------------------------


class Client:
    """One client past its handshake, as the server sees it."""

    def __init__(self, reader, writer, samples):
        self.reader, self.writer, self.samples = reader, writer, samples

    async def send(self, *data):
        for each in data:
            self.writer.write(each)
            await self.writer.drain()

    async def say(self, text):
        await self.send(_text(text))

    async def frames(self):
        """What the client sends, opcode and payload; pings and its close are answered as they should be."""
        while True:
            first, size = await self.reader.readexactly(2)
            size &= 0x7F
            if size > 125:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            mask = await self.reader.readexactly(4)
            data = await self.reader.readexactly(size)
            plain = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data[:200]))
            opcode = first & 15
            if opcode == PING:
                await self.send(encoded(PONG, plain, mask=None))
            if opcode == CLOSE:
                await self.send(encoded(CLOSE, plain[:2], mask=None))
                return
            yield opcode, plain


def _text(text):
    return encoded(TEXT, text if isinstance(text, bytes) else text.encode(), mask=None)


def sends(*frames, hangs=False):
    """A server that sends these bytes at once and goes on, or answers nothing more."""

    async def server(client):
        await client.send(*frames)
        if hangs:
            await client.reader.read()
        async for _ in client.frames():
            pass

    return server


def ends(*frames):
    """A server that sends these bytes and hangs up."""

    async def server(client):
        await client.send(*frames)

    return server


def says(*texts):
    """A server that says this at once, and whenever it is spoken to."""
    return _speaking(lambda samples, chance: texts)


def floods(*frames):
    """A server that sends this for ever."""

    async def server(client):
        while True:
            await client.send(*frames)

    return server


def _speaking(words, ends_by=None):
    async def server(client):
        chance = random.Random(1)
        await client.send(*map(_text, words(client.samples, chance)))
        async for opcode, _ in client.frames():
            if opcode == TEXT:
                await client.send(*map(_text, words(client.samples, chance)))
                if ends_by is not None:
                    await ends_by(client.reader, client.writer)
                    return

    return server


def _any_other(samples, chance):
    yield json.dumps(chance.choice(samples))


def _all(samples, chance):
    for message in samples:
        yield json.dumps(message)


def _spoilt(value):
    """Some samples, each with this in one place."""

    def words(samples, chance):
        for message in chance.sample(samples, min(len(samples), 12)):
            spoilt = copy.deepcopy(message)
            *way, last = chance.choice(list(_places(message)))
            parent = spoilt
            for key in way:
                parent = parent[key]
            parent[last] = "@@"
            yield json.dumps(spoilt).replace('"@@"', value)

    return words


def _places(value, path=()):
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from _places(value[key], (*path, key))


async def _never_answers(client):
    await client.reader.read()


def _bomb():
    compressor = zlib.compressobj(wbits=-15)
    data = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(100)) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return encoded(TEXT, data[:-4], rsv=4, mask=None)


def _huge(size, opcode=TEXT):
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big")


VALUES = {
    "texts": '"text"',
    "objects": "{}",
    "lists": "[]",
    "nothing": "null",
    "truths": "true",
    "numbers below zero": "-1.5",
    "numbers beyond a double": "1e400",
    "numbers near its end": "1e308",
    "numbers of many digits": "9" * 5000,
    "numbers of 300 digits": "9" * 300,
    "not numbers": "NaN",
    "halves of characters": '"\\ud800"',
    "zero characters": '"\\u0000"',
    "deep lists": "[" * 150 + "]" * 150,
    "deeper lists": "[" * 900 + "]" * 900,
    "long texts": '"' + "x" * 100_000 + '"',
}
INSIDE = {
    "says nothing": sends(),
    "answers no frame": sends(hangs=True),
    "floods with tiny frames": floods(*[_text("{}")] * 1000),
    "floods with pings": floods(*[encoded(PING, mask=None)] * 1000),
    "floods with big texts": floods(_text(b'{"a": "' + BLOCK * 20 + b'"}')),
    "floods with fragments": floods(
        encoded(TEXT, b"[", fin=False, mask=None), *[encoded(0, fin=False, mask=None)] * 1000
    ),
    "a frame of 2^63 bytes": sends(_huge(1 << 63), BLOCK),
    "a frame of 2^62 bytes": sends(_huge(1 << 62), BLOCK),
    "frames of 100 MB": sends(_huge(100_000_000), *[BLOCK] * 1600),
    "texts of 15 MB": says(b'"' + b"x" * 15_000_000 + b'"'),
    "a bomb": sends(_bomb()),
    "no JSON": says("{", "no", "", "[1, 2", '{"type": }'),
    "JSON that is no object": says("[]", "1", '"text"', "null", "true"),
    "nested 100000 deep": says("[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000),
    "members twice": says('{"type": "Auth", "type": "Error", "data": {}, "data": 1}'),
    "types that are none": says('{"type": []}', '{"type": {}}', '{"type": null}', '{"type": 1}', "{}"),
    "no UTF-8": sends(_text(b'{"type": "\xff\xfe"}')),
    "reserved bits": sends(encoded(TEXT, b"{}", rsv=3, mask=None)),
    "reserved opcodes": sends(encoded(5, b"{}", mask=None)),
    "masked frames": sends(encoded(TEXT, b"{}")),
    "a continuation of nothing": sends(encoded(CONTINUATION, b"{}", mask=None)),
    "long pings": sends(encoded(PING, b"x" * 126, mask=None)),
    "binary frames": sends(encoded(BINARY, b"\x00\xff{}", mask=None)),
    "ends amid a message": ends(encoded(TEXT, b'{"a":', fin=False, mask=None)),
    "ends amid a frame": ends(_text("{" + " " * 500)[:100]),
    "ends at once": ends(),
    "closes at once": ends(encoded(CLOSE, b"\x03\xe8", mask=None)),
    "closes and stays": sends(encoded(CLOSE, b"\x03\xe8", mask=None), hangs=True),
    "illegal close codes": ends(encoded(CLOSE, b"\x03\xed", mask=None)),
    "close codes of one byte": ends(encoded(CLOSE, b"\x03", mask=None)),
    "close reasons of no UTF-8": ends(encoded(CLOSE, b"\x03\xe8\xff\xfe", mask=None)),
    "goes on after its close": sends(encoded(CLOSE, b"\x03\xe8", mask=None), _text("{}")),
    "hangs up on each message": _speaking(_any_other, cuts),
    "resets on each message": _speaking(_any_other, resets),
    "any other message": _speaking(_any_other),
    "all messages at once": _speaking(_all),
    **{f"{what} anywhere": _speaking(_spoilt(value)) for what, value in VALUES.items()},
}


def inside(server, samples):
    """A server that accepts the handshake first."""

    async def shaking(reader, writer):
        headers = await _headers(reader)
        answer = f"{UPGRADE}Sec-WebSocket-Accept: {accept_of(headers['sec-websocket-key'])}\n"
        if "permessage-deflate" in headers.get("sec-websocket-extensions", ""):
            answer += "Sec-WebSocket-Extensions: permessage-deflate\n"
        writer.write(answer.replace("\n", "\r\n").encode() + b"\r\n")
        await server(Client(reader, writer, samples))

    return shaking


@asynccontextmanager
async def listening(server):
    """Lets a server listen on loopback while a block lasts; its port."""

    async def serve(reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, KeyError):
            await server(reader, writer)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()


async def judged(name, port, options, **profile):
    """What the suite of this name makes of a server at this port."""
    found = suite.load(name)
    opener = SocketOpener()
    try:
        demo = found.demo_profile(f"ws://127.0.0.1:{port}{found.paths[0]}", random.Random(1))
        return await run(found, replace(demo, **profile), opener, time.time, options)
    finally:
        await opener.close()
