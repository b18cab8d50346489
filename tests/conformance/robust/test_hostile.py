"""Servers that refuse, hang, flood, lie and break off: every run ends in time, with verdicts, and no bug of ours."""

import asyncio
import copy
import json
import random
import re
import socket
import struct
import time
import zlib
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import budget, lab, runner, suite
from harness.conformance.command import Request, check
from harness.conformance.judging import on_conversation
from harness.conformance.report.files import Files
from harness.conformance.runner import Options, Unreachable, run
from harness.conformance.socket import SocketOpener
from harness.conformance.verdict import COULD_NOT_RUN, NOT_OBSERVED, Kind
from harness.conformance.wire.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, accept_of, encoded
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode
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
            if self.writer.transport.is_closing():
                raise ConnectionResetError
            self.writer.write(each)
            await self.writer.drain()
            await asyncio.sleep(0)  # The client lives on the same loop.

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


def floods(*frames, first=b""):
    """A server that sends this for ever."""

    async def server(client):
        await client.send(first)
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
    "floods with tiny frames": floods(_text("{}") * 500),
    "floods with pings": floods(encoded(PING, mask=None) * 500),
    "floods with big texts": floods(_text(b'{"a": "' + BLOCK * 20 + b'"}')),
    "floods with fragments": floods(
        encoded(CONTINUATION, b" ", fin=False, mask=None) * 500, first=encoded(TEXT, b"[", fin=False, mask=None)
    ),
    "a frame of 2^63 bytes": sends(_huge(1 << 63), BLOCK),
    "a frame of 2^62 bytes": sends(_huge(1 << 62), BLOCK),
    "frames of 100 MB": sends(_huge(100_000_000), *[BLOCK] * 1600),
    "texts of 7 MB": says(b'"' + b"x" * 7_000_000 + b'"'),
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


# What is asked of the runs ------------------------------------------------------------------------

# What a server must say unasked, and a few requirements of each suite more: those that short exchanges alone judge,
# since others are run too where an invariant is asked for.
GREETINGS = {"brainstream": "BRA-CONN-09", "megabot": "MEG-CONN-02", "sigmax": "SIG-CONN-02"}
EACH = 4


def asked(name):
    """The ids that are asked of the suite of this name."""
    checks = suite.load(name).checks
    barred = {c.id for c in checks if not c.exchange or c.alone or c.lasts_s > 5}
    ids = list(dict.fromkeys(c.id for c in checks if c.id not in barred))
    return (*ids[:: max(1, len(ids) // EACH)], *([GREETINGS[name]] if name in GREETINGS else []))


ASKED = {name: asked(name) for name in suite.names()}
QUICK = {"reply_s": 0.2, "quiet_s": 0.05}
MARGIN_S = 15.0  # Far more than any of these runs takes, and far less than a run that hangs.


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    """What a run waits for in vain is waited for briefly, and a flood is one after fewer frames."""
    monkeypatch.setattr(runner, "HANDSHAKE_LIMIT_S", 0.3)
    monkeypatch.setattr(runner, "PONG_LIMIT_S", 0.2)
    monkeypatch.setattr(runner, "FAREWELL_S", 0.1)
    monkeypatch.setattr(lab, "FAREWELL_S", 0.1)
    monkeypatch.setattr(budget, "FAIR_BYTES", 100_000)
    monkeypatch.setattr(budget, "MAX_BYTES", 1_000_000)


async def all_judged(server, names=tuple(ASKED), limit_s=None):
    """What suites, side by side, make of a server: by name a report, or the text that nothing is there."""

    async def one(name):
        async with listening(server(SAMPLES[name])) as port:
            try:
                return await judged(name, port, Options(ASKED[name], limit_s=limit_s), **QUICK)
            except Unreachable as unreachable:
                return str(unreachable)

    reports = await asyncio.wait_for(asyncio.gather(*map(one, names)), MARGIN_S)
    return dict(zip(names, reports, strict=True))


def suites_for(name):
    """The wire, and one of the others in turn; that all get along with all servers takes minutes."""
    others = protocols.having("lab")
    return suite.WIRE, others[[*OUTSIDE, *INSIDE].index(name) % len(others)]


@pytest.mark.parametrize("name", OUTSIDE)
async def test_a_server_that_opens_no_connection_is_told_as_that(name):
    for protocol, told in (await all_judged(lambda _: OUTSIDE[name], suites_for(name))).items():
        if isinstance(told, str):
            assert re.search("cannot be reached|does not answer|refuses the|breaks RFC 6455", told)
        else:  # Whoever answers by HTTP is judged on the wire by how.
            assert protocol == suite.WIRE
            assert told.broken == []


@pytest.mark.parametrize("name", INSIDE)
async def test_a_server_that_misbehaves_has_its_verdicts(name):
    reports = await all_judged(lambda samples: inside(INSIDE[name], samples), suites_for(name))
    for protocol, report in reports.items():
        assert report.broken == [], protocol
        assert len(report.verdicts) == len(suite.load(protocol).selected(ASKED[protocol]))
        assert all(v.reason for v in report.verdicts if v.verdict != "passed")
        assert report.exit_code != COULD_NOT_RUN, protocol


@pytest.mark.parametrize("name", protocols.having("lab"))
def test_no_invariant_stumbles_over_what_may_stand_anywhere(name):
    found, chance = suite.load(name), random.Random(1)
    for value in VALUES.values():
        record = Conversation({"url": "ws://mock/"})
        for text in (text for _ in range(10) for text in _spoilt(value)(SAMPLES[name], chance)):
            record.note(record.size_bytes / 1e6, "server", Frame(Opcode.TEXT, text.encode()))
        outcomes = [on_conversation(found, check, record) for check in found.checks if not check.exchange]
        assert [o.reason for o in outcomes if o.kind is Kind.BROKEN] == []


async def test_who_says_nothing_breaks_what_must_be_said_unasked():
    reports = await all_judged(lambda samples: inside(INSIDE["answers no frame"], samples))
    for protocol, greeting in GREETINGS.items():
        assert reports[protocol][greeting].verdict == "failed", protocol
    assert any("could not set up" in verdict.reason for verdict in reports["skybit"].of("not-observed"))


async def test_nobody_there_is_told_at_once():
    async with listening(nothing) as port:
        pass
    with pytest.raises(Unreachable, match="cannot be reached"):
        await judged("skybit", port, Options())


async def test_a_run_out_of_time_ends_with_verdicts():
    reports = await all_judged(lambda samples: inside(INSIDE["says nothing"], samples), limit_s=0.0)
    for report in reports.values():
        (reason, *_) = {v.reason for v in report.of("not-observed") if "time" in v.reason}
        assert reason == "the run was out of time, after 0 s"


async def test_the_command_ends_without_a_traceback(tmp_path, capsys):
    async with listening(inside(INSIDE["halves of characters anywhere"], SAMPLES["skybit"])) as port:
        (tmp_path / "p.toml").write_text("[tolerances]\nreply_s = 0.2\nquiet_s = 0.05\n")
        url = f"ws://127.0.0.1:{port}/artifact/v1"
        files = Files(tmp_path / "r.json", tmp_path / "r.xml", tmp_path / "r.md", tmp_path / "r.html")
        request = Request("skybit", url, tmp_path / "p.toml", ("SKY-CONN",), files=files, run_limit=20.0)
        assert await asyncio.to_thread(check, request) == NOT_OBSERVED
    assert "NOT OBSERVED" in capsys.readouterr().out
    assert [option for option, path in files if not path.stat().st_size] == []
