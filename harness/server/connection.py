"""One WebSocket connection of the server: frames in, frames out, in order and bounded."""

from __future__ import annotations

import asyncio
import logging
import typing
from collections import deque

from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_websocket import WebSocketWriter
from multidict import CIMultiDict

from harness.core.conversation import Sender
from harness.core.message import Frame, Opcode, is_close_code
from harness.core.protocol import Protocol
from harness.server.framing import NO_CODE, Framer
from harness.server.handshake import MAX_BITS, deflate_bits
from harness.server.strict import Reader, Strict

log = logging.getLogger("harness.server")

# What may wait for a client that reads slowly, beside what the transport holds (64 KiB). With more it is cut.
MAX_WAITING_FRAMES = 1000
MAX_WAITING_BYTES = 4 * 1024 * 1024
CLOSE_WAIT_S = 5.0  # How long the other side has to do its part of the closing handshake.
LINGER_LOOK_S = 0.05


class Socket(web.WebSocketResponse):
    """aiohttp's WebSocket without its closing handshake: that one overtakes what is queued, and cuts at once."""

    def __init__(self, protocol: Protocol) -> None:
        # aiohttp refuses plain messages of max_msg_size bytes, and compressed ones of more: the limit itself is
        # judged by the stage; text, which therefore comes as bytes, in Connection.
        self._deflates = protocol.deflate
        super().__init__(
            autoping=False,
            autoclose=False,
            protocols=protocol.subprotocols,
            compress=False,  # It is agreed on here, in `_handshake`.
            max_msg_size=protocol.max_message_bytes + 1,
            decode_text=False,
        )

    def _handshake(self, request: web.BaseRequest) -> tuple[CIMultiDict[str], str | None, int, bool]:
        # One compressed frame serves many clients, which is right only where none of ours builds on the one before.
        # RFC 7692, 7.1.1.1: a server may say so whether the client asked for it or not.
        headers, subprotocol, _, _ = super()._handshake(request)
        offers = ", ".join(request.headers.getall("Sec-WebSocket-Extensions", ()))
        bits = deflate_bits(offers) if self._deflates else 0
        if bits:
            limited = "" if bits == MAX_BITS else f"; server_max_window_bits={bits}"
            headers["Sec-WebSocket-Extensions"] = f"permessage-deflate; server_no_context_takeover{limited}"
        return headers, subprotocol, bits, True

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        # What came along with the handshake is parsed in there, so it is looked at before.
        handler = request.protocol
        tail = handler._message_tail
        super()._post_start(request, protocol, writer)
        queue = self._reader
        assert queue is not None
        strict = Strict(typing.cast(Reader, self._parser), queue.set_exception)
        strict.passed(tail)
        handler._payload_parser = strict

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """Do nothing: a Connection closes."""
        return False


class Receiver(typing.Protocol):
    """Who takes what the client sends."""

    def frame(self, frame: Frame) -> None:
        """A frame came."""

    def oversized(self) -> None:
        """A message came of which nothing was taken, since it is too big."""


class Witness(typing.Protocol):
    """Who is told of each frame as it passes the socket, such as a recording."""

    def __call__(self, sender: Sender, frame: Frame) -> None:
        """Take note that `sender` sent this frame just now."""

    def end(self) -> None:
        """Take note that the connection is over."""


class Connection:
    """A transport (see `network.Transport`) over an aiohttp WebSocket, and its reader.

    Its owner runs `write` as a task beside `read`, and `finish` at the end.
    """

    def __init__(
        self, socket: Socket, request: web.Request, flow: AbstractStreamWriter, framer: Framer, name: str
    ) -> None:
        self.name = name  # What the log calls it.
        self.close_code = 1006
        self.witness: Witness | None = None
        self._socket = socket
        self._request = request
        self._flow = flow  # Knows when the client has read enough to be sent more.
        self._framer = framer
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Frame | None] = deque()  # None: the connection is cut here.
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._ending = False  # Nothing more may be queued.
        self._refused = False  # The client broke the WebSocket protocol; nothing more is taken from it.
        self._broken = False  # It did so in a way that aiohttp can read no further.
        self._deadline: asyncio.TimerHandle | None = None

    # Sending ------------------------------------------------------------------------------------

    def send(self, frame: Frame) -> None:
        """Queue one frame. A client that reads too slowly is cut rather than waited for."""
        if self._ending:
            return
        if not self._must_wait(frame):
            self._put(frame)
            return
        self._waiting.append(frame)
        self._waiting_bytes += len(frame.data)
        self._wake.set()
        if frame.opcode is Opcode.CLOSE:
            self.close_code = frame.code
            self._end_within(CLOSE_WAIT_S)
        elif len(self._waiting) > MAX_WAITING_FRAMES or self._waiting_bytes > MAX_WAITING_BYTES:
            log.warning(
                "%s reads too slowly: cut with %d frames (%d bytes) waiting",
                self.name,
                len(self._waiting),
                self._waiting_bytes,
            )
            self.abort()

    def _must_wait(self, frame: Frame) -> bool:
        """Whether others are ahead of this frame, the client does not keep up, or the writer shall end with it."""
        return bool(self._waiting) or self._request.protocol.writing_paused or frame.opcode is Opcode.CLOSE

    def hang_up(self) -> None:
        """Cut the TCP connection without a closing handshake, as soon as what was queued is on its way."""
        if not self._ending:
            self._waiting.append(None)
            self._wake.set()
            self._end_within(CLOSE_WAIT_S)

    def abort(self) -> None:
        """Cut the TCP connection at once; what is queued is lost."""
        self._ending = True
        self._waiting.clear()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued, in order, until the last frame of the connection."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    frame = self._waiting.popleft()
                    if frame is None:
                        return self._shut()
                    self._waiting_bytes -= len(frame.data)
                    self._put(frame)
                    if frame.opcode is Opcode.CLOSE:
                        return None
                    await self._flow.drain()
        except ConnectionError:
            return None  # The client is gone; the reader notices, too.

    def _put(self, frame: Frame) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            return  # The client is gone; the reader notices.
        if self.witness is not None:
            self.witness("server", frame)
        transport.write(self._framer.bytes_of(frame, self._socket.compress))

    def _end_within(self, seconds: float) -> None:
        self._ending = True
        self._deadline = self._loop.call_later(seconds, self.abort)

    # Receiving ----------------------------------------------------------------------------------

    async def read(self, receiver: Receiver) -> None:
        """Hand each frame of the client to `receiver`, until its close frame or the connection's end."""
        while True:
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY | WSMsgType.PING | WSMsgType.PONG:
                    self._take(Frame(Opcode(message.type), bytes(message.data)), receiver)
                case WSMsgType.CLOSE if message.data and not is_close_code(message.data):
                    return self._refuse(WSCloseCode.PROTOCOL_ERROR, f"close code {message.data}, which nobody sends")
                case WSMsgType.CLOSE:
                    # RFC 6455, 5.5.1: a close frame is answered by one of the same code.
                    self._take(Frame(Opcode.CLOSE, code=message.data or NO_CODE, reason=message.extra or ""), receiver)
                    return self.send(Frame(Opcode.CLOSE, code=message.data or NO_CODE))
                case WSMsgType.ERROR if isinstance(message.data, WebSocketError):
                    self._broken = True
                    if message.data.code == WSCloseCode.MESSAGE_TOO_BIG and not self._refused:
                        receiver.oversized()  # It says so the way its protocol does, and closes.
                    return self._refuse(message.data.code, str(message.data))
                case _:
                    return None

    def _take(self, frame: Frame, receiver: Receiver) -> None:
        if self._refused:
            return
        if self.witness is not None:
            self.witness("client", frame)
        if frame.opcode is Opcode.TEXT and not _is_utf8(frame.data):
            self._refuse(WSCloseCode.INVALID_TEXT, "text that is not UTF-8")  # RFC 6455, 8.1
        else:
            receiver.frame(frame)

    def _refuse(self, code: int, reason: str) -> None:
        # "Fail the WebSocket connection" of RFC 6455, 7.1.7.
        log.warning("%s broke the WebSocket protocol: %s", self.name, reason)
        self._refused = True
        self.send(Frame(Opcode.CLOSE, code=int(code), reason=reason[:100]))

    # Ending -------------------------------------------------------------------------------------

    async def finish(self, writer: asyncio.Task[None]) -> None:
        """Send what is still queued, if it ends in a close frame and there is anyone to read it, and let go."""
        try:
            if self._ending and self._request.transport is not None:
                await asyncio.wait([writer], timeout=CLOSE_WAIT_S)
                await self._linger()
        finally:
            writer.cancel()
            if self._deadline is not None:
                self._deadline.cancel()
            self._ending = True
            self._shut()
            if self.witness is not None:
                self.witness.end()

    async def _linger(self) -> None:
        # The rest of a message that is too big still arrives, and aiohttp drops it. Closing before all of it is here
        # would reset the connection, and the client would never read why. So our side ends first, the client sees
        # that and ends its own. aiohttp tells nobody of that end once it has refused a frame: hence the looks.
        if not self._broken or self._request.transport is None:
            return
        self._request.transport.write_eof()
        until_s = self._loop.time() + CLOSE_WAIT_S
        while self._request.transport is not None and self._loop.time() < until_s:  # noqa: ASYNC110
            await asyncio.sleep(LINGER_LOOK_S)

    def _shut(self) -> None:
        transport = self._request.transport
        if transport is None:
            return
        transport.close()
        if transport.get_write_buffer_size():
            # A client that reads nothing would hold the closed socket, and what is in it, for ever.
            self._loop.call_later(CLOSE_WAIT_S, transport.abort)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
