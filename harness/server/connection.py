"""One WebSocket connection of the server: frames in, frames out, in order and bounded."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from aiohttp import WSMsgType, web

from harness.core.message import Frame, Opcode
from harness.core.session import Request
from harness.scenario.driver import Driver

log = logging.getLogger("harness.server")

MAX_MESSAGE_BYTES = 1024 * 1024
MAX_WAITING_FRAMES = 1000  # A client that reads so slowly that more would wait is cut.


class Connection:
    """A transport (see `stage.Transport`) over an aiohttp WebSocket."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket = socket
        self._request = request
        self._waiting: deque[Frame] = deque()
        self._wake = asyncio.Event()

    def send(self, frame: Frame) -> None:
        """Queue one frame; a slow reader is cut rather than waited for."""
        if len(self._waiting) >= MAX_WAITING_FRAMES:
            log.warning("%s reads too slowly: cut with %d frames waiting", self._request.remote, len(self._waiting))
            self.hang_up()
            return
        self._waiting.append(frame)
        self._wake.set()

    def hang_up(self) -> None:
        """Cut the TCP connection."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued, until the connection ends."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._put(self._waiting.popleft())

    async def _put(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT:
                await self._socket.send_str(frame.data.decode())
            case Opcode.BINARY:
                await self._socket.send_bytes(frame.data)
            case Opcode.PING:
                await self._socket.ping(frame.data)
            case Opcode.PONG:
                await self._socket.pong(frame.data)
            case Opcode.CLOSE:
                await self._socket.close(code=frame.code, message=frame.reason.encode())


async def serve(request: web.Request, driver: Driver, deflate: bool) -> web.WebSocketResponse:
    """Accept the handshake and play the driver's stage to this client until either side ends it."""
    socket = web.WebSocketResponse(autoping=False, compress=deflate, max_msg_size=MAX_MESSAGE_BYTES)
    await socket.prepare(request)
    connection = Connection(socket, request)
    writer = asyncio.create_task(connection.write())
    link = driver.connect(
        Request(request.path, dict(request.query), dict(request.headers), request.remote or "", bool(socket.compress)),
        connection,
    )
    try:
        async for message in socket:
            frame = _frame(message.type, message.data)
            if frame is not None:
                driver.receive(link, frame)
    finally:
        writer.cancel()
        driver.gone(link)
    return socket


def _frame(kind: WSMsgType, data: object) -> Frame | None:
    match kind, data:
        case WSMsgType.TEXT, str():
            return Frame(Opcode.TEXT, data.encode())
        case WSMsgType.BINARY, bytes():
            return Frame(Opcode.BINARY, data)
        case WSMsgType.PING, (bytes() | bytearray()):
            return Frame(Opcode.PING, bytes(data))
        case WSMsgType.PONG, (bytes() | bytearray()):
            return Frame(Opcode.PONG, bytes(data))
    return None
