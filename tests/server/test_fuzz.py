"""Arbitrary frames, in memory and over sockets: no error in the log, every answer valid, good service after them.

The seed is fixed: a failure comes back until it is mended. WS_HARNESS_FUZZ_SEED tries another.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness import protocols
from harness.core.clock import Clock
from harness.core.limits import Rate
from harness.core.message import Frame, Opcode
from harness.core.session import Request
from harness.scenario.scenario import plain
from harness.scenario.stage import Stage
from harness.wire.schemas import shapes

SEED = int(os.environ.get("WS_HARNESS_FUZZ_SEED", "1"))
FRAMES = 10_000
FRAMES_PER_CONNECTION = 200

SKYBIT = protocols.load("skybit")
SHAPES = shapes(SKYBIT.folder)
PLENTY = Rate(1_000_000, 60.0)
# Limits that a fuzz would reach in no time would hide what is behind them.
GENEROUS = replace(
    SKYBIT,
    rules=replace(
        SKYBIT.rules,
        chats=PLENTY,
        approvals=PLENTY,
        heartbeats=PLENTY,
        messages=PLENTY,
        connections_per_user=1_000,
        max_orders_per_day=1_000_000,
        max_position_value=1e12,
    ),
)

WORDS = [
    *("buy", "sell", "200", "1,000", "two hundred", "shares", "of", "AAPL", "GOOGL", "Apple", "at", "limit", "market"),
    *(
        "stop",
        "225.10",
        "good for the day",
        "GTC",
        "cancel",
        "all orders",
        "quote",
        "positions",
        "?",
        "-1",
        "0",
        "1e99",
    ),
    *("99999999999999999999", "\u0000", "\U0001f4a9", "é", "ord-000001", "prev-000001"),
]
ODD = [
    *(None, True, False, 0, -1, 1e308, -0.0, 10**30, 2**63, 0.1, float("nan"), float("inf")),
    *("", "x" * 5000, "\ud800", "new", "AAPL", "2024-13-45", "0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z"),
    *([], {}, [[[]]], {"a": {"b": []}}),
]


class Fuzz:
    """Makes frames, from what the server itself has said among other things."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.session = "new"
        self.known: dict[str, list[Any]] = {"preview_id": ["prev-000001"], "order_id": ["ord-000001"]}
        self._samples = [sample for named in SHAPES.client_examples.values() for sample in named.values()]
        self._makers: list[tuple[int, Callable[[], Frame]]] = [
            (30, lambda: self._text(self._sensible())),
            (30, lambda: self._text(self._mutated(self._sensible()))),
            (10, lambda: self._text(self._any_json(4))),
            (10, self._broken_text),
            (5, lambda: Frame(Opcode.TEXT, chance.randbytes(chance.randrange(200)))),
            (5, lambda: Frame(Opcode.BINARY, chance.randbytes(chance.randrange(200)))),
            (4, lambda: replace(self._text(self._sensible()), opcode=Opcode.BINARY)),
            (3, lambda: Frame(Opcode.PING, chance.randbytes(chance.randrange(126)))),
            (2, lambda: Frame(Opcode.PONG, chance.randbytes(chance.randrange(126)))),
            (1, lambda: Frame(Opcode.TEXT, b"[" * chance.randrange(1, 200_000))),
        ]

    def frame(self) -> Frame:
        """One arbitrary frame."""
        weights, makers = zip(*self._makers, strict=True)
        return self.chance.choices(makers, weights)[0]()

    def auth(self) -> Frame:
        """A good Auth."""
        return self._text(self._message("Auth", {"token": f"demo-user-{self.chance.randrange(1, 50)}"}))

    def heartbeat(self) -> Frame:
        """A good Heartbeat."""
        return self._text(self._message("Heartbeat", {"client_ts": "2024-01-15T10:30:30.123Z"}))

    def learn(self, message: dict[str, Any]) -> None:
        """Use later what the server said."""
        if message["type"] == "Auth":
            self.session = message["session"]
        for name, values in self.known.items():
            if name in message["data"]:
                values.append(message["data"][name])
                del values[:-20]

    def _message(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        id_ = f"550e8400-e29b-41d4-a716-{self.chance.randrange(10**12):012d}"
        return {"type": kind, "id": id_, "ts": "2024-01-15T10:30:00Z", "session": self.session, "data": data}

    def _sensible(self) -> dict[str, Any]:
        chance, sample = self.chance, self.chance.choice(self._samples)
        data = dict(sample["data"])
        if sample["type"] == "Auth":
            data["token"] = chance.choice(["demo-user-1", "demo-user-2", "demo-expired", "demo-user-0", "demo-user-x"])
        if "text" in data and chance.random() < 0.7:
            data["text"] = " ".join(chance.choices(WORDS, k=chance.randrange(1, 12)))
        for name, values in self.known.items():
            if name in data:
                data[name] = chance.choice(values)
        return self._message(sample["type"], data)

    def _mutated(self, message: dict[str, Any]) -> dict[str, Any]:
        place = message
        while self.chance.random() < 0.6:
            inner = [value for value in place.values() if isinstance(value, dict) and value]
            if not inner:
                break
            place = self.chance.choice(inner)
        name = self.chance.choice([*place, "extra"])
        if self.chance.random() < 0.3:
            place.pop(name, None)
        else:
            place[name] = self.chance.choice([*ODD, self._any_json(3)])
        return message

    def _any_json(self, depth: int) -> Any:
        chance = self.chance
        kind = chance.randrange(4 if depth else 2)
        if kind < 2:
            return chance.choice([*ODD, *WORDS])
        children = [self._any_json(depth - 1) for _ in range(chance.randrange(4))]
        names = ["type", "id", "ts", "session", "data", "token", "text", "channels", ""]
        return children if kind == 2 else {chance.choice(names): child for child in children}

    def _broken_text(self) -> Frame:
        data = bytearray(self._text(self._sensible()).data)
        for _ in range(self.chance.randrange(1, 4)):
            at = self.chance.randrange(len(data))
            data[at : at + self.chance.randrange(3)] = self.chance.randbytes(self.chance.randrange(3))
        return Frame(Opcode.TEXT, bytes(data))

    def _text(self, value: Any) -> Frame:
        # By the standard library: orjson would refuse to write what a hostile client may well send (NaN, surrogates).
        return Frame(Opcode.TEXT, json.dumps(value).encode())


def judged(frame: Frame) -> dict[str, Any]:
    """The message in a frame of the server, which must be one that it may send."""
    message = json.loads(frame.data)
    problem = SHAPES.problem(message, "server")
    assert problem is None, f"{problem}: {message}"
    return message


@pytest.fixture(autouse=True)
def no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.WARNING)
    yield
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR or r.exc_info]
    assert [f"{r.getMessage()} {r.exc_info}" for r in errors[:3]] == []


# In memory --------------------------------------------------------------------------------------


class Wire:
    """A transport in memory: keeps what the stage sends."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.is_cut = False

    def send(self, frame: Frame) -> None:
        assert not self.is_over, "a frame after the end"
        self.frames.append(frame)

    def hang_up(self) -> None:
        self.is_cut = True

    @property
    def is_over(self) -> bool:
        return self.is_cut or any(frame.opcode is Opcode.CLOSE for frame in self.frames)

    def take(self) -> list[dict[str, Any]]:
        """The messages that came since the last time."""
        messages = [judged(frame) for frame in self.frames if frame.opcode is Opcode.TEXT]
        self.frames = [frame for frame in self.frames if frame.opcode is Opcode.CLOSE]
        return messages


@pytest.mark.parametrize(
    ("protocol", "frames_per_connection", "pauses_s"),
    [(GENEROUS, 200, (0.0, 0.001, 0.1, 0.1, 1.0)), (SKYBIT, 1000, (0.0, 0.01, 0.1))],
    ids=["generous limits", "the limits of the spec"],
)
def test_frames_in_memory(protocol, frames_per_connection, pauses_s):
    chance = random.Random(SEED)
    stage = Stage(plain(protocol), Clock())
    now, sent = 0.0, 0
    while sent < FRAMES // 2:
        fuzz, wire = Fuzz(chance), Wire()
        link = stage.connect(Request("/artifact/v1"), wire, now)
        if chance.random() < 0.8:
            link.receive(fuzz.auth(), now)
        for _ in range(frames_per_connection):
            now += chance.choice(pauses_s)
            stage.advance(now)
            if not wire.is_over:
                link.receive(fuzz.frame(), now)
                sent += 1
            for message in wire.take():
                fuzz.learn(message)
            if wire.is_over:
                break
        link.gone(now)
    _serves_well(stage, now)


def _serves_well(stage: Stage, now: float) -> None:
    fuzz, wire = Fuzz(random.Random(SEED)), Wire()
    link = stage.connect(Request("/artifact/v1"), wire, now)
    link.receive(fuzz.auth(), now)
    stage.advance(now + 1)
    [confirmation] = wire.take()
    fuzz.learn(confirmation)
    link.receive(fuzz.heartbeat(), now + 1)
    stage.advance(now + 2)
    assert (confirmation["type"], [m["type"] for m in wire.take()]) == ("Auth", ["Heartbeat"])


# Over sockets -----------------------------------------------------------------------------------


class RawClient:
    """A client of bare bytes, so that nothing on our side mends what we send."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> RawClient:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /artifact/v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    def send(self, frame: Frame) -> None:
        size = len(frame.data)
        if size < 126:
            head = struct.pack("!BB", 0x80 | frame.opcode, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | frame.opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | frame.opcode, 0x80 | 127, size)
        self.writer.write(head + bytes(4) + frame.data)  # A mask of zeros leaves the data as it is.

    async def until(self, opcode: Opcode, data: bytes = b"") -> list[Frame]:
        """The frames up to one of this kind that begins with `data`, or up to the end of the connection."""
        frames: list[Frame] = []
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                frame = await self._frame()
                frames.append(frame)
                if frame.opcode is Opcode.CLOSE or (frame.opcode is opcode and frame.data.startswith(data)):
                    break
        return frames

    async def _frame(self) -> Frame:
        first, size = await self.reader.readexactly(2)
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        return Frame(Opcode(first & 0x0F), await self.reader.readexactly(size))


@pytest.mark.socket
async def test_frames_over_sockets(serving):
    chance = random.Random(SEED)
    async with serving(GENEROUS) as mock:
        sent = 0
        while sent < FRAMES:
            sent += await _throw(mock.port, chance)
        client, fuzz = await RawClient.connect(mock.port), Fuzz(chance)
        client.send(fuzz.auth())
        confirmation = judged((await client.until(Opcode.TEXT))[-1])
        fuzz.learn(confirmation)
        client.send(fuzz.heartbeat())
        reply = judged((await client.until(Opcode.TEXT))[-1])
        client.writer.close()
    assert (confirmation["type"], reply["type"]) == ("Auth", "Heartbeat")


async def _throw(port: int, chance: random.Random) -> int:
    """Send frames on one connection until it ends; how many."""
    client, fuzz = await RawClient.connect(port), Fuzz(chance)
    sent = 0
    try:
        if chance.random() < 0.8:
            client.send(fuzz.auth())
        for number in range(FRAMES_PER_CONNECTION // 10):
            marker = b"batch %d" % number
            for _ in range(10):
                client.send(_survivable(fuzz.frame(), chance))
            client.send(Frame(Opcode.PING, marker))
            sent += 10
            async with asyncio.timeout(10):
                frames = await client.until(Opcode.PONG, marker)
            for frame in frames:
                if frame.opcode is Opcode.TEXT:
                    fuzz.learn(judged(frame))
            if not frames or frames[-1].opcode is not Opcode.PONG:
                break
    except ConnectionError:
        pass  # The server had closed while we were still sending.
    finally:
        client.writer.transport.abort()
    return sent


def _survivable(frame: Frame, chance: random.Random) -> Frame:
    """The frame, mostly without what ends a connection at once: text that is no UTF-8 (RFC 6455, 8.1)."""
    if frame.opcode is not Opcode.TEXT or chance.random() < 0.02:
        return frame
    return Frame(Opcode.TEXT, frame.data.decode(errors="replace").encode())
