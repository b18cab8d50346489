"""A server that keeps RFC 6455 and RFC 7692 to the letter, unless it is told to break them in one way."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from harness.conformance.wire.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, accept_of, encoded

STOP_LIMIT_S = 1.0
EMPTY = b"\x00\x00\xff\xff"


class Breach(Exception):  # noqa: N818 - what the RFC has it for
    """The client broke the protocol: the close code that says so."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Faulty:
    """One server. `faults` are names of what it does wrong; see `faults.FAULTS`."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        self.is_dead = False
        self.stopped = asyncio.Event()
        self._clients: set[asyncio.Task[None]] = set()

    def has(self, fault: str) -> bool:
        """Whether it does this wrong."""
        return fault in self.faults

    # Handshake ----------------------------------------------------------------------------------

    def refusal(self, line: str, headers: Mapping[str, str]) -> tuple[int | None, dict[str, str]]:
        """Why this is no handshake: a status, and headers that go with it."""
        method, _, version = line.split(" ")
        if (method != "GET" and not self.has("any method")) or (version != "HTTP/1.1" and not self.has("any http")):
            return 405, {}
        if headers.get("upgrade", "").lower() != "websocket" and not self.has("no upgrade"):
            return 426, {}
        words = [word.strip().lower() for word in headers.get("connection", "").split(",")]
        if self.has("case matters"):
            words = [word.strip() for word in headers.get("connection", "").split(",")]
            words = ["upgrade"] if "Upgrade" in words else []
        if "upgrade" not in words and not self.has("no connection"):
            return 400, {}
        good = headers.get("sec-websocket-version") == "13" or self.has("any version")
        if self.has("no version") and "sec-websocket-version" not in headers:
            good = True
        if not good:
            return 426, {} if self.has("version unnamed") else {"Sec-WebSocket-Version": "13"}
        key = headers.get("sec-websocket-key")
        if key is None:
            return (None if self.has("no key") else 400), {}
        if len(key) != 24 and not self.has("any key"):
            return 400, {}
        return None, {}

    def deflate(self, offers: str) -> list[str] | None:
        """What is agreed on of permessage-deflate: parameters, or None."""
        for offer in offers.split(","):
            name, *given = [part.strip() for part in offer.split(";")]
            if name != "permessage-deflate":
                continue
            known = {"server_no_context_takeover", "client_no_context_takeover", "client_max_window_bits"}
            bits = [p for p in given if p in {f"server_max_window_bits={n}" for n in range(9, 16)}]
            bad = [p for p in given if p not in known and p not in bits and not p.startswith("client_max_window_bits=")]
            if (bad or len(set(given)) < len(given)) and not self.has("any offer"):
                continue
            agreed = [] if self.has("wishes forgotten") else ["server_no_context_takeover", *bits]
            if self.has("window unasked"):
                agreed.append("client_max_window_bits=12")
            if self.has("odd agreement"):
                agreed.append("x_level=9")
            return agreed
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            head = await (reader.read(65536) if self.has("head in one read") else reader.readuntil(b"\r\n\r\n"))
            if not self.is_dead:
                await self._shake(head.decode("latin-1"), reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._clients.discard(task)

    async def stop(self) -> None:
        """Let go of all clients."""
        self.stopped.set()
        if self._clients:
            await asyncio.wait(set(self._clients), timeout=STOP_LIMIT_S)

    async def _shake(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, *rest = head.rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
        status, more = self.refusal(line, headers)
        if status is not None:
            lines = [f"HTTP/1.1 {status} No", *(f"{n}: {v}" for n, v in more.items()), "Content-Length: 0", "", ""]
            writer.write("\r\n".join(lines).encode())
            return
        answer = {"Upgrade": "websocket", "Connection": "Upgrade"}
        if self.has("no words"):
            answer = {"Upgrade": "websocket"}
        key = headers.get("sec-websocket-key", "")
        answer["Sec-WebSocket-Accept"] = "x" * 28 if self.has("accept") else accept_of(key)
        offers = headers.get("sec-websocket-extensions", "")
        agreed = self.deflate("permessage-deflate" if self.has("extension unasked") else offers)
        if agreed is not None:
            answer["Sec-WebSocket-Extensions"] = "; ".join(["permessage-deflate", *agreed])
        if self.has("unknown extension") and offers.startswith("x-"):
            answer["Sec-WebSocket-Extensions"] = offers
        if self.has("protocol unasked"):
            answer["Sec-WebSocket-Protocol"] = "mine"
        writer.write("\r\n".join(["HTTP/1.1 101 Yes", *(f"{n}: {v}" for n, v in answer.items()), "", ""]).encode())
        await _Line(self, reader, writer, agreed is not None).run()


class _Line:
    """One connection past its handshake."""

    def __init__(
        self, server: Faulty, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deflates: bool
    ) -> None:
        self.has, self.server = server.has, server
        self.reader, self.writer, self.deflates = reader, writer, deflates
        self._buffer: bytearray = vars(reader)["_buffer"]  # What was read already; asyncio does not tell otherwise.
        self.inflater = zlib.decompressobj(wbits=-15)
        self.message: tuple[int, bool, bytes] | None = None  # Opcode, whether it is compressed, and what came of it.

    def send(self, opcode: int, payload: bytes = b"") -> None:
        """Send one frame."""
        mask = b"\x00" * 4 if self.has("masked") else None
        data = encoded(opcode, payload, mask=mask)
        if self.has("long lengths") and opcode == PONG:
            data = bytes((data[0], 126)) + len(payload).to_bytes(2, "big") + payload
        self.writer.write(data)

    async def run(self) -> None:
        """Take frames until the connection ends."""
        try:
            while await self.frame():
                pass
        except Breach as breach:
            code = 1008 if self.has("other code") else breach.code
            self.send(CLOSE, code.to_bytes(2, "big"))
            await asyncio.sleep(0)
        await self.writer.drain()
        if self.has("tcp stays"):
            await self.server.stopped.wait()

    async def frame(self) -> bool:
        """Take one frame; False when it was the last."""
        first = (await self.reader.readexactly(1))[0]
        if self.has("frame in one read") and not self._buffer:
            raise Breach(1002)
        second = (await self.reader.readexactly(1))[0]
        fin, rsv, opcode, masked, size = first >> 7, first >> 4 & 7, first & 15, second >> 7, second & 127
        if size > 125:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        self.judge(fin, rsv, opcode, masked, size, second & 127)
        mask = await self.reader.readexactly(4) if masked else b"\0\0\0\0"
        if size >> 63:
            return True
        data = await self.reader.readexactly(size)
        payload = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data)) if any(mask) else data
        if self.has("one frame a segment"):
            self._buffer.clear()
        if opcode < 8:
            return self.data(fin, rsv, opcode, payload)
        return self.control(opcode, payload)

    def judge(self, fin: int, rsv: int, opcode: int, masked: int, size: int, short: int) -> None:
        """Breach when a frame of this header is not allowed."""
        if not masked and not self.has("unmasked ping" if opcode == PING else "unmasked"):
            raise Breach(1002)
        compressed = self.deflates and rsv == 4 and opcode in (TEXT, BINARY)
        allowed = {4: "rsv1", 2: "rsv23", 1: "rsv23"}
        if opcode == CONTINUATION:
            allowed = {4: "rsv on continuation"}
        if opcode > 7:
            allowed = {4: "rsv on control"}
        if rsv and not compressed and not self.has(allowed.get(rsv, "")):
            raise Breach(1002)
        if opcode in (3, 4, 5, 6, 7) and not self.has("any data opcode"):
            raise Breach(1002)
        if opcode > 10 and not self.has("any control opcode"):
            raise Breach(1002)
        if opcode > 7 and size > 125 and not self.has("long control"):
            raise Breach(1002)
        if opcode > 7 and not fin and not self.has("control in fragments"):
            raise Breach(1002)
        if size >> 63 and not self.has("any length"):
            raise Breach(1002)
        if short == 0 and opcode == TEXT and fin and self.has("empty message"):
            raise Breach(1002)

    # Data ---------------------------------------------------------------------------------------

    def data(self, fin: int, rsv: int, opcode: int, payload: bytes) -> bool:
        """Take a frame of data."""
        if opcode in (3, 4, 5, 6, 7):
            return True
        if opcode == CONTINUATION:
            if self.message is None:
                if self.has("stray continuation"):
                    return True
                raise Breach(1002)
            if self.has("no fragments"):
                raise Breach(1002)
            opcode, compressed, before = self.message
            self.message = (opcode, compressed, before + payload)
        else:
            if self.message is not None and not self.has("message in message"):
                raise Breach(1002)
            self.message = (opcode, bool(rsv & 4) and self.deflates, payload)
        if self.has("fragments judged alone"):
            self.utf8(payload)
        if fin:
            assert self.message is not None
            self.whole(*self.message)
            self.message = None
        return True

    def whole(self, opcode: int, compressed: bool, payload: bytes) -> None:
        """Take a whole message."""
        if self.deflates and not compressed and self.has("compressed only"):
            raise Breach(1002)
        if compressed:
            payload = self.inflated(payload)
        if opcode == TEXT and not (compressed and self.has("deflated text unjudged")):
            self.utf8(payload)
        if opcode == BINARY and self.has("binary judged"):
            self.utf8(payload)

    def inflated(self, payload: bytes) -> bytes:
        """What a compressed message was (RFC 7692, 7.2.2)."""
        if self.has("nothing inflated"):
            raise Breach(1007)
        if self.has("takeover forgotten"):
            self.inflater = zlib.decompressobj(wbits=-15)
        try:
            whole = self.inflater.decompress(payload + EMPTY, 1_000_000)
        except zlib.error:
            if self.has("any deflate"):
                return b""
            raise Breach(1007) from None
        if self.inflater.unconsumed_tail:
            self.server.is_dead = self.has("bomb")
            raise Breach(1009)
        return whole

    def utf8(self, payload: bytes) -> None:
        """Breach when this is no UTF-8."""
        try:
            payload.decode()
        except UnicodeDecodeError:
            if not self.has("any text"):
                raise Breach(1003 if self.has("text by 1003") else 1007) from None

    # Control ------------------------------------------------------------------------------------

    def control(self, opcode: int, payload: bytes) -> bool:
        """Take a control frame; False when it was the last frame."""
        if opcode == PING and self.has("last ping lost") and payload == b"9":
            return True
        if opcode == PING and not (self.message is not None and self.has("busy")):
            self.send(PONG, payload[:10] if self.has("short pong") else payload)
        if opcode == PONG and self.has("pong refused"):
            raise Breach(1002)
        if opcode != CLOSE:
            return True
        return self.close(payload)

    def close(self, payload: bytes) -> bool:
        """Take a close frame, and answer it."""
        if self.has("close unanswered"):
            return False
        if self.message is not None and self.has("close amid"):
            return False
        code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else None
        valid = code is None or 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
        if len(payload) == 1 and not self.has("one byte"):
            raise Breach(1002)
        if not valid and not self.has("any code"):
            raise Breach(1002)
        if len(payload) > 100 and self.has("short reasons"):
            raise Breach(1002)
        if not self.has("any reason"):
            self.utf8(payload[2:])
        if self.has("own code"):
            payload = (1000 if code != 1000 else 1001).to_bytes(2, "big")
        self.send(CLOSE, payload[:2])
        if self.has("more after close"):
            self.send(TEXT, b"and another thing")
        return False


@asynccontextmanager
async def serving(*faults: str) -> AsyncIterator[str]:
    """Serve on a free port of loopback while the block lasts; the URL is given."""
    faulty = Faulty(*faults)
    server = await asyncio.start_server(faulty.serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await faulty.stop()
