"""The transport over a socket: the peer talks to a server at a URL."""

from __future__ import annotations

import asyncio
import socket as _sockets
import ssl
import struct
from collections.abc import Mapping
from types import SimpleNamespace

import aiohttp
from aiohttp import ClientWebSocketResponse, WebSocketError, WSCloseCode, WSMessage, WSMsgType
from aiohttp.http_websocket import WSMessageTextBytes

from harness.conformance.budget import Budget
from harness.conformance.peer import Answer, Channel, Offer, Peer
from harness.conformance.profile import ProfileError
from harness.core.message import Frame, Opcode

Received = WSMessage | WSMessageTextBytes

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
MAX_BODY_BYTES = 64 * 1024  # Of a refused handshake.
BODY_LIMIT_S = 5.0  # How long it may take, once its headers are there.
HANDSHAKE_LIMIT_S = 10.0
CLOSE_LIMIT_S = 5.0  # How long a server may take to answer a close frame.
END_LIMIT_S = 2.0  # How long what was sent before the end may be under way.
SEND_LIMIT_S = 10.0  # How long it may take to read what it is sent.
MAX_WINDOW_BITS = 15  # RFC 7692, 7.1.2: offering it offers permessage-deflate without conditions.


class SocketOpener:
    """Opens connections to servers. `ca_file` holds the certificates (PEM) that a server's own may be signed by."""

    def __init__(self, ca_file: str | None = None) -> None:
        self._tls = _tls(ca_file)
        self._channels: set[SocketChannel] = set()
        self._budget = Budget()

    async def open(self, offer: Offer, peer: Peer) -> tuple[Answer, Channel | None]:
        """The opening handshake. OSError when nothing answers, or something that does not speak HTTP."""
        refusal = _Refusal()
        # One session for each connection: no pool, no cookies shared, and closing it ends the connection.
        session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(ssl=self._tls),
            trace_configs=[refusal.trace()],
        )
        try:
            async with asyncio.timeout(HANDSHAKE_LIMIT_S):
                socket = await session.ws_connect(
                    offer.url,
                    headers=dict(offer.headers),
                    protocols=offer.subprotocols,
                    compress=MAX_WINDOW_BITS if offer.deflate else 0,
                    max_msg_size=MAX_MESSAGE_BYTES,
                    autoping=False,
                    autoclose=False,
                    decode_text=False,
                )
        except aiohttp.WSServerHandshakeError as error:
            await session.close()
            body = refusal.body or error.message
            return Answer(error.status, dict(error.headers or {}), body=body), None
        except BaseException as error:
            await session.close()
            raise _as_os_error(error) from error
        channel = SocketChannel(session, socket, peer, self._channels, self._budget)
        return Answer(101, refusal.headers, socket.protocol, bool(socket.compress)), channel

    async def http(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """A plain request, at a URL of ws or wss. OSError when nothing answers."""
        try:
            async with (
                asyncio.timeout(HANDSHAKE_LIMIT_S),
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._tls)) as session,
                session.request(
                    method, url.replace("ws", "http", 1), headers=dict(headers), data=body, allow_redirects=False
                ) as reply,
            ):
                return Answer(reply.status, dict(reply.headers), body=await _body(reply))
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            raise _as_os_error(error) from error

    async def close(self) -> None:
        """End what is still open."""
        await asyncio.gather(*(channel.end() for channel in list(self._channels)), return_exceptions=True)


class SocketChannel:
    """One open connection. A task brings what comes to the peer; pings are answered at once (RFC 6455, 5.5.2)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: ClientWebSocketResponse[bool],
        peer: Peer,
        channels: set[SocketChannel],
        budget: Budget,
    ) -> None:
        self._session = session
        self._socket = socket
        self._peer = peer
        self._channels = channels
        self._closing = False
        self._account = budget.account(peer.conversation)
        channels.add(self)
        self._reader = asyncio.create_task(self._read())

    async def send(self, frame: Frame) -> None:
        """Put a frame on the wire. A connection that breaks meanwhile is noticed by the peer, as in memory."""
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                if frame.opcode is Opcode.CLOSE:
                    await self._send_close(frame)
                else:
                    await self._socket.send_frame(frame.data, WSMsgType(int(frame.opcode)))
        except TimeoutError:  # It is an OSError, too.
            self._shut()
            await self.end()
        except (OSError, aiohttp.ClientError):
            await self.end()

    async def abort(self) -> None:
        """Cut the TCP connection."""
        transport = self._socket.get_extra_info("socket")
        if transport is not None:
            # A reset rather than an orderly end: what a client does that vanishes.
            transport.setsockopt(*_LINGER)
        await self.end()

    def _shut(self) -> None:
        """Let go of TCP at once: what is closed in good order first sends what a server will never read."""
        transport = self._socket.get_extra_info("socket")
        if transport is not None:
            transport.shutdown(_sockets.SHUT_RDWR)

    async def end(self) -> None:
        """Release the connection; the peer knows that it is over."""
        self._peer.lost()
        self._channels.discard(self)
        if self._reader is not asyncio.current_task():
            self._reader.cancel()
        try:
            async with asyncio.timeout(END_LIMIT_S):
                await self._let_go()
        except TimeoutError:
            self._shut()
            await self._let_go()

    async def _let_go(self) -> None:
        # The session first: with its transport gone, closing the socket sends nothing more and only lets go.
        await self._session.close()
        await self._socket.close()

    async def _send_close(self, frame: Frame) -> None:
        if self._closing:
            return
        self._closing = True
        # RFC 6455, 7.4.1: 1005 stands for a close frame without a code, and is never sent.
        code = b"" if frame.code == 1005 else struct.pack("!H", frame.code)
        await self._socket.send_frame(code + frame.reason.encode(), WSMsgType.CLOSE)
        self._patience = asyncio.create_task(self._end_later())

    async def _end_later(self) -> None:
        await asyncio.sleep(CLOSE_LIMIT_S)
        await self.end()

    async def _read(self) -> None:
        try:
            while await self._take(await self._socket.receive()):
                pass
        finally:
            await self.end()

    async def _take(self, received: Received) -> bool:
        """Hand one thing that came to the peer; False when it was the last."""
        if received.type is WSMsgType.ERROR:
            self._broken(received.data)
            return False
        frame = _frame(received)
        if frame is None:
            return False
        if not self._account.takes(len(frame.data)):
            self._peer.cut_off("the server sends more than the suite records")
            return False
        self._peer.arrived(frame)
        if frame.opcode is Opcode.PING and self._peer.offer.pongs:
            await self.send(Frame(Opcode.PONG, frame.data))
        elif frame.opcode is Opcode.CLOSE:
            # RFC 6455, 5.5.1: a close frame is answered by one of the same code, unless ours went first.
            await self.send(frame)
        return frame.opcode is not Opcode.CLOSE

    def _broken(self, error: object) -> None:
        if isinstance(error, WebSocketError) and error.code == WSCloseCode.MESSAGE_TOO_BIG:
            # RFC 6455 has no such bound: what such a server keeps otherwise is not known.
            self._peer.cut_off(f"the server sends a message of more than {MAX_MESSAGE_BYTES >> 20} MiB")
        else:
            self._peer.conversation.about["ended"] = f"the server broke RFC 6455: {error}"


# A socket option that makes closing a reset (SO_LINGER of 0 seconds).
_LINGER = (_sockets.SOL_SOCKET, _sockets.SO_LINGER, struct.pack("ii", 1, 0))


class _Refusal:
    """Keeps what a server answers to a handshake: aiohttp drops the body of a refusal."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = ""

    def trace(self) -> aiohttp.TraceConfig:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._look)
        return trace

    async def _look(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        self.headers = dict(end.response.headers)
        if end.response.status != 101:
            self.body = await _body(end.response)


async def _body(reply: aiohttp.ClientResponse) -> str:
    """The beginning of a body, which may come in pieces, slowly, or without an end."""
    body = b""
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            async for piece in reply.content.iter_any():
                body += piece
                if len(body) >= MAX_BODY_BYTES:
                    break
    except (TimeoutError, OSError, aiohttp.ClientError):
        pass  # What is there, is told.
    return body[:MAX_BODY_BYTES].decode(errors="replace")


def _frame(received: Received) -> Frame | None:
    """The frame, None for aiohttp's own words that the connection is over."""
    if received.type is WSMsgType.CLOSE:
        # aiohttp says 0 where the frame had no code; RFC 6455, 7.1.5 says 1005.
        return Frame(Opcode.CLOSE, code=received.data or 1005, reason=received.extra or "")
    if received.type in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG):
        return Frame(Opcode(int(received.type)), bytes(received.data))
    return None


def _as_os_error(error: BaseException) -> BaseException:
    """What a check sees: OSError for all that keeps a connection from being opened."""
    if isinstance(error, TimeoutError):
        return OSError(f"no answer to the opening handshake in {HANDSHAKE_LIMIT_S:g} s")
    if isinstance(error, aiohttp.InvalidURL):
        return OSError(f"{error.url} is no URL of a WebSocket")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return OSError(f"its certificate is not trusted; a profile may name a ca_file ({error.certificate_error})")
    if isinstance(error, aiohttp.ClientConnectorError):
        return OSError(error.strerror or str(error.os_error))
    if isinstance(error, aiohttp.ClientError) and not isinstance(error, OSError):
        return OSError(str(error) or type(error).__name__)
    return error


def _tls(ca_file: str | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ProfileError(f"ca_file: expected certificates in PEM, cannot use {ca_file}: {error}") from error
