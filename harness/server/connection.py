"""One WebSocket connection of the server: frames in, frames out, in order and bounded."""

from __future__ import annotations

import asyncio
import logging
import typing

from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from harness.core.conversation import Sender
from harness.core.message import Frame, Opcode, is_close_code
from harness.server.framing import NO_CODE, Framer
from harness.server.outbox import Outbox
from harness.server.socket import Arrived, Socket

log = logging.getLogger("harness.server")

# What may wait for a client that reads slowly, beside what is on its way (64 KiB). With more it is cut.
MAX_WAITING_FRAMES = 1000
MAX_WAITING_BYTES = 4 * 1024 * 1024
JOINED_FRAMES, JOINED_BYTES = 64, 64 * 1024  # What is sent in one write, about.
CLOSE_WAIT_S = 5.0  # How long the other side has to do its part of the closing handshake.

TEXT, CLOSE = Opcode.TEXT, Opcode.CLOSE
# By the number, which a WSMsgType is; a look at its `value` would take longer.
OPCODES = {int(kind): Opcode(kind) for kind in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)}


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

    Its owner runs `read`, and `finish` at the end. What is sent in one turn of the event loop goes out in one write,
    at the end of the turn; what the client does not take then, waits until it reads on.
    """

    __slots__ = (
        *("_all_over", "_all_read", "_all_sent", "_cuts", "_deadline", "_deflate_bits", "_ending", "_flow", "_framer"),
        *("_is_due", "_loop", "_outbox", "_protocol", "_receiver", "_refused", "_resuming", "_socket"),
        *("_waiting", "_waiting_bytes", "close_code", "name", "witness"),
    )

    def __init__(
        self,
        socket: Socket,
        request: web.Request,
        flow: AbstractStreamWriter,
        framer: Framer,
        outbox: Outbox,
        name: str,
    ) -> None:
        self.name = name  # What the log calls it.
        self.close_code = 1006
        self.witness: Witness | None = None
        self._socket = socket
        self._deflate_bits = socket.compress
        self._protocol = request.protocol  # aiohttp's: it has the transport as long as there is one.
        self._flow = flow  # Knows when the client has read enough to be sent more.
        self._framer = framer
        self._outbox = outbox
        self._loop = asyncio.get_running_loop()
        self._receiver: Receiver | None = None
        self._waiting: list[Frame] = []
        self._waiting_bytes = 0
        self._is_due = False  # Whether the outbox, or `_resume`, will call `flush`.
        self._resuming: asyncio.Task[None] | None = None
        self._ending = False  # Nothing more may be queued.
        self._cuts = False  # The connection is cut behind what is queued.
        self._refused = False  # The client broke the WebSocket protocol; nothing more is taken from it.
        self._all_read = self._loop.create_future()  # Done when nothing more comes.
        self._all_sent: asyncio.Future[None] | None = None  # Once somebody waits for it: done when nothing more goes.
        self._all_over: asyncio.Future[None] | None = None  # Likewise: done when the client has ended, too.
        self._deadline: asyncio.TimerHandle | None = None
        if self._protocol.transport is not None:
            # What the system does not take at once waits here, where it is counted; and uvloop, which is told to keep
            # nothing, sends sooner.
            self._protocol.transport.set_write_buffer_limits(high=0)

    # Sending ------------------------------------------------------------------------------------

    def send(self, frame: Frame) -> None:
        """Queue one frame. A client that reads too slowly is cut rather than waited for."""
        if self._ending:
            return
        self._waiting.append(frame)
        self._waiting_bytes += len(frame.data)
        if frame.opcode is CLOSE:
            self.close_code = frame.code
            self._end_within(CLOSE_WAIT_S)
        elif len(self._waiting) > JOINED_FRAMES or self._waiting_bytes > JOINED_BYTES:
            self._make_room()
        if not self._is_due:
            self._is_due = True
            self._outbox.add(self)

    def _make_room(self) -> None:
        """Much waits: send it now, if the client takes it, and part with a client that has not for long."""
        if not self._protocol.writing_paused:
            self._put_waiting()
        if len(self._waiting) <= MAX_WAITING_FRAMES and self._waiting_bytes <= MAX_WAITING_BYTES:
            return
        count, size = len(self._waiting), self._waiting_bytes
        log.warning("%s reads too slowly: cut with %d frames (%d bytes) waiting", self.name, count, size)
        self._drop_waiting()
        # Registry of close codes, 1013: try again later. Whether the client ever reads that far, is up to it.
        self.send(Frame(CLOSE, code=WSCloseCode.TRY_AGAIN_LATER, reason="reads too slowly"))

    def hang_up(self) -> None:
        """Cut the TCP connection without a closing handshake, as soon as what was queued is on its way."""
        if not self._ending:
            self._cuts = True
            self._end_within(CLOSE_WAIT_S)
            if not self._is_due:
                self._is_due = True
                self._outbox.add(self)

    def abort(self) -> None:
        """Cut the TCP connection at once; what is queued is lost."""
        self._ending = True
        self._drop_waiting()
        if self._protocol.transport is not None:
            self._protocol.transport.abort()

    def flush(self) -> None:
        """Send what waits, as far as the client takes it; the rest when it has read on."""
        self._is_due = False
        while self._waiting and not self._protocol.writing_paused:
            self._put_waiting()
        if self._waiting:
            self._is_due = True
            self._resuming = self._loop.create_task(self._resume())
        elif self._ending:
            if self._cuts:
                self._shut()
            self._note_all_sent()

    async def _resume(self) -> None:
        try:
            await self._flow.drain()
        except ConnectionError:
            self._drop_waiting()  # The client is gone; the reader notices, too.
        self.flush()

    def _put_waiting(self) -> None:
        """Send what waits in one write, or the first part of it."""
        frames = self._waiting
        if len(frames) > JOINED_FRAMES:
            frames, self._waiting = frames[:JOINED_FRAMES], frames[JOINED_FRAMES:]
            self._waiting_bytes -= sum(len(frame.data) for frame in frames)
        else:
            self._drop_waiting()
        transport = self._protocol.transport
        if transport is None or transport.is_closing():
            return  # The client is gone; the reader notices.
        if self.witness is not None:
            for frame in frames:
                self.witness("server", frame)
        transport.write(self._framer.joined(frames, self._deflate_bits))

    def _drop_waiting(self) -> None:
        self._waiting = []
        self._waiting_bytes = 0

    def _end_within(self, seconds: float) -> None:
        self._ending = True
        self._deadline = self._loop.call_later(seconds, self.abort)

    def _note_all_sent(self) -> None:
        if self._all_sent is not None and not self._all_sent.done():
            self._all_sent.set_result(None)

    # Receiving ----------------------------------------------------------------------------------

    async def read(self, receiver: Receiver) -> None:
        """Hand each frame of the client to `receiver`, until its close frame or the connection's end."""
        self._receiver = receiver
        self._socket.hand_to(self)
        await self._all_read

    def arrived(self, message: Arrived) -> None:
        """The client sent a message, or a control frame."""
        if self._all_read.done():
            return
        opcode = OPCODES.get(message.type)
        if opcode is not None:
            self._take(Frame(opcode, bytes(message.data)))
            return
        # A close frame; aiohttp has 0 for one without a code.
        self._all_read.set_result(None)
        code = message.data or NO_CODE
        if code != NO_CODE and not is_close_code(code):
            self._refuse(WSCloseCode.PROTOCOL_ERROR, f"close code {code}, which nobody sends")
        else:
            # RFC 6455, 5.5.1: a close frame is answered by one of the same code.
            self._take(Frame(CLOSE, code=code, reason=message.extra or ""))
            self.send(Frame(CLOSE, code=code))

    def ended(self, error: BaseException | None) -> None:
        """Nothing more comes: the client is gone, or sent what is no WebSocket."""
        if self._all_over is not None and not self._all_over.done():
            self._all_over.set_result(None)
        if self._all_read.done():
            return
        self._all_read.set_result(None)
        if isinstance(error, WebSocketError):
            if error.code == WSCloseCode.MESSAGE_TOO_BIG and not self._refused and self._receiver is not None:
                self._receiver.oversized()  # It says so the way its protocol does, and closes.
            self._refuse(error.code, str(error))

    def _take(self, frame: Frame) -> None:
        if self._refused or self._receiver is None:
            return
        if self.witness is not None:
            self.witness("client", frame)
        if frame.opcode is TEXT and not _is_utf8(frame.data):
            self._refuse(WSCloseCode.INVALID_TEXT, "text that is not UTF-8")  # RFC 6455, 8.1
        else:
            self._receiver.frame(frame)

    def _refuse(self, code: int, reason: str) -> None:
        # "Fail the WebSocket connection" of RFC 6455, 7.1.7.
        log.warning("%s broke the WebSocket protocol: %s", self.name, reason)
        self._refused = True
        self.send(Frame(CLOSE, code=int(code), reason=reason[:100]))

    # Ending -------------------------------------------------------------------------------------

    async def finish(self) -> None:
        """Send what is still queued, if it ends in a close frame and there is anyone to read it, and let go."""
        try:
            if self._ending and self._protocol.transport is not None:
                await self._last_words()
                await self._linger()
        finally:
            if self._resuming is not None:
                self._resuming.cancel()
            if self._deadline is not None:
                self._deadline.cancel()
            self._ending = True
            self._shut()
            if self.witness is not None:
                self.witness.end()

    async def _last_words(self) -> None:
        if self._is_due:
            self._all_sent = self._loop.create_future()
            await asyncio.wait([self._all_sent], timeout=CLOSE_WAIT_S)

    async def _linger(self) -> None:
        # RFC 6455, 7.1.1: our side ends first, the client sees that and ends its own. Closing while more comes, such as
        # the rest of a message that is too big, would reset the connection, and the client might never read why.
        transport = self._protocol.transport
        if self._cuts or transport is None or transport.is_closing():
            return
        transport.write_eof()
        self._all_over = self._loop.create_future()
        await asyncio.wait([self._all_over], timeout=CLOSE_WAIT_S)

    def _shut(self) -> None:
        transport = self._protocol.transport
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
