"""A client that speaks WebSocket byte by byte, so that it can break the protocol in every way a check wants."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.conformance.check import Unobserved
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
A_MASK = b"\x12\x34\x56\x78"
NOTED = frozenset(int(each) for each in Opcode)  # What a record of a conversation has words for.
MAX_HEAD_BYTES = 64 * 1024
PIECE_S = 0.001  # Between parts, so that each has a segment of its own, and is read by itself, as far as TCP lets it.
# More than a check ever needs; a server that floods is not read to its end.
MAX_FRAME_BYTES = 4 * 1024 * 1024
MAX_HEARD_BYTES, MAX_HEARD_FRAMES = 8 * 1024 * 1024, 5_000


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a handshake. Names of headers are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> list[str]:
        """The values of every header of this name."""
        return [value for each, value in self.headers if each == name]

    def one(self, name: str) -> str:
        """The value of this header; empty where it is not there."""
        return ", ".join(self.all(name))

    def tokens(self, name: str) -> list[str]:
        """The parts of this header between its commas, in lower case."""
        return [part.strip().lower() for part in self.one(name).split(",") if part.strip()]


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One frame as it came: `rsv` has the three reserved bits (4 is RSV1); `header_bytes` are those before a mask."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    masked: bool = False
    header_bytes: int = 2

    @property
    def code(self) -> int | None:
        """The status code of a close frame, if it has one."""
        return int.from_bytes(self.payload[:2], "big") if self.opcode == CLOSE and len(self.payload) > 1 else None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ended: by a close frame with this code or without one, or by a cut of TCP."""

    how: str  # "close" or "cut"
    code: int | None = None

    def __str__(self) -> str:
        if self.how == "cut":
            return "TCP was cut without a close frame"
        return f"a close frame with {'code ' + str(self.code) if self.code else 'no code'}"


def encoded(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = A_MASK) -> bytes:
    """A frame as bytes (RFC 6455, 5.2); without a mask it is one that no client may send."""
    bit = 0 if mask is None else 0x80
    size = len(payload)
    if size < 126:
        length = bytes((bit | size,))
    elif size < 1 << 16:
        length = bytes((bit | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((bit | 127,)) + size.to_bytes(8, "big")
    if mask is not None:
        payload = mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
    return bytes((fin << 7 | rsv << 4 | opcode,)) + length + payload


def accept_of(key: str) -> str:
    """What Sec-WebSocket-Accept must say for this key (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest()).decode()


@dataclass
class Raw:
    """One TCP connection to the server under test."""

    target: str
    chance: random.Random
    headers: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    reply_s: float = 5.0

    def __post_init__(self) -> None:
        self.conversation = Conversation({"url": self.target})
        self.key = base64.b64encode(self.chance.randbytes(16)).decode()
        self.heard: list[RawFrame] = []
        self._heard_bytes = 0
        self._buffer = b""
        self._ended = False
        self._began_s = asyncio.get_running_loop().time()

    # Opening ------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Open the TCP connection. OSError when that cannot be had."""
        parts = urlsplit(self.target)
        secure = ssl.create_default_context(cafile=self.ca_file) if parts.scheme == "wss" else None
        port = parts.port or (443 if secure else 80)
        async with asyncio.timeout(self.reply_s):
            self._reader, self._writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)

    def request(
        self,
        changes: Mapping[str, str | None] | None = None,
        *,
        method: str = "GET",
        version: str = "HTTP/1.1",
        more: Iterable[tuple[str, str]] = (),
    ) -> bytes:
        """A handshake: as RFC 6455, 4.1 wants it, but for the headers in `changes` (None leaves one out) and `more`."""
        parts = urlsplit(self.target)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers: dict[str, str | None] = {
            "Host": parts.netloc.rpartition("@")[2],
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": self.key,
            "Sec-WebSocket-Version": "13",
            **self.headers,
            **(changes or {}),
        }
        lines = [f"{method} {path} {version}"]
        lines += [f"{name}: {value}" for name, value in (*headers.items(), *more) if value is not None]
        return "\r\n".join([*lines, "", ""]).encode()

    async def shake(self, request: bytes) -> Response | None:
        """Send a handshake; the answer, None when the server hangs up instead. Unobserved when nothing comes."""
        await self.send(request)
        try:
            async with asyncio.timeout(self.reply_s):
                while b"\r\n\r\n" not in self._buffer and await self._more():
                    if len(self._buffer) > MAX_HEAD_BYTES:
                        raise Unobserved(f"the answer to the handshake does not end within {MAX_HEAD_BYTES} bytes")
        except TimeoutError:
            raise Unobserved("the handshake is not answered") from None
        head, ended, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return _response(head) if ended else None

    # Sending ------------------------------------------------------------------------------------

    async def send(self, *parts: bytes) -> None:
        """Send these bytes, each part by itself. What a server that has hung up does not take is lost."""
        for part in parts:
            if self._writer.transport.is_closing():
                return
            try:
                self._writer.write(part)
                async with asyncio.timeout(self.reply_s):
                    await self._writer.drain()
            except TimeoutError:
                raise Unobserved("the server does not read what it is sent") from None
            except OSError:
                self._ended = True
                return
            if len(parts) > 1:
                await asyncio.sleep(PIECE_S)

    async def frame(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = A_MASK
    ) -> None:
        """Send one frame; the options are those of `encoded`."""
        if opcode in NOTED:
            frame = Frame(Opcode(opcode), payload)
            self.conversation.note(self.now(), "client", frame)
        await self.send(encoded(opcode, payload, fin=fin, rsv=rsv, mask=mask))

    # Receiving ----------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the connection was opened."""
        return asyncio.get_running_loop().time() - self._began_s

    async def next(self, within_s: float | None = None) -> RawFrame | None:
        """The next frame; None when TCP ends. TimeoutError when neither comes."""
        async with asyncio.timeout(self.reply_s if within_s is None else within_s):
            while (frame := self._parsed()) is None:
                if not await self._more():
                    return None
        self.heard.append(frame)
        self._heard_bytes += len(frame.payload)
        if self._heard_bytes > MAX_HEARD_BYTES or len(self.heard) > MAX_HEARD_FRAMES:
            raise Unobserved("the server sends more than is listened to")
        if frame.opcode in NOTED:
            code, reason = frame.code or 1005, frame.payload[2:].decode(errors="replace")
            noted = Frame(Opcode(frame.opcode), frame.payload)
            closes = Frame(Opcode.CLOSE, code=code, reason=reason)
            self.conversation.note(self.now(), "server", closes if frame.opcode == CLOSE else noted)
        return frame

    async def until(self, *wanted: RawFrame) -> Ending | RawFrame | None:
        """The first of these frames, or the ending; None when neither comes in time. Others are passed over."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self.reply_s
        try:
            while True:
                frame = await self.next(max(0.0, until_s - loop.time()))
                if frame is None:
                    return Ending("cut")
                if frame.opcode == CLOSE:
                    return Ending("close", frame.code)
                if any((frame.opcode, frame.payload) == (each.opcode, each.payload) for each in wanted):
                    return frame
        except TimeoutError:
            return None

    async def is_over(self) -> bool:
        """Whether TCP ends, too, within the time of an answer."""
        try:
            while await self.next() is not None:
                pass
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Let go of the connection, whatever of it is still under way."""
        self._writer.transport.abort()

    async def _more(self) -> bool:
        if self._ended:
            return False
        try:
            data = await self._reader.read(65536)
        except OSError:
            data = b""
        self._ended = not data
        self._buffer += data
        return bool(data)

    def _parsed(self) -> RawFrame | None:
        data = self._buffer
        if len(data) < 2:
            return None
        size, start = data[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        if len(data) >= start and size > MAX_FRAME_BYTES:
            raise Unobserved(f"the server sends a frame of {size} bytes, of which nothing is read")
        masked = bool(data[1] & 0x80)
        mask_bytes = 4 * masked
        end = start + mask_bytes + size
        if len(data) < end:
            return None
        mask, payload = data[start : start + mask_bytes], data[start + mask_bytes : end]
        if masked:
            payload = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        self._buffer = data[end:]
        return RawFrame(data[0] & 0x0F, payload, bool(data[0] & 0x80), data[0] >> 4 & 7, masked, start)


def _response(head: bytes) -> Response:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split()
    status = int(words[1]) if len(words) > 1 and re.fullmatch("[0-9]{3}", words[1]) else 0
    pairs: Sequence[tuple[str, str, str]] = [line.partition(":") for line in lines]
    return Response(status, tuple((name.strip().lower(), value.strip()) for name, _, value in pairs))
