"""aiohttp's WebSocket, as far as it is used: its handshake and its parser, which hands each message on at once."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Callable

from aiohttp import web
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_websocket import WebSocketReader, WebSocketWriter, WSCloseCode, WSMessage, WSMessageTextBytes
from multidict import CIMultiDict

from harness.core.protocol import Protocol
from harness.server.handshake import MAX_BITS, deflate_bits
from harness.server.strict import Reader, Strict

Arrived = WSMessage | WSMessageTextBytes


class Taker(typing.Protocol):
    """Who takes what comes."""

    def arrived(self, message: Arrived) -> None:
        """A message came."""

    def ended(self, error: BaseException | None) -> None:
        """No more comes: the client is gone, or did what a WebSocket client must not (WebSocketError)."""


class Inbox(WebSocketDataQueue):
    """Where aiohttp's parser puts messages. They go on at once: waking a task for each takes as long as an answer."""

    def __init__(self, protocol: BaseProtocol, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(protocol, 1 << 16, loop=loop)
        self._taker: Taker | None = None
        self._early: list[Callable[[Taker], None]] = []  # What came before there was a taker.

    def hand_to(self, taker: Taker) -> None:
        """Hand all to this one, from now on."""
        self._taker = taker
        for tell in self._early:
            tell(taker)
        self._early.clear()

    def feed_data(self, message: Arrived, size: int) -> None:
        """A message was read."""
        if self._taker is None:
            self._early.append(lambda taker: taker.arrived(message))
        else:
            self._taker.arrived(message)

    def feed_eof(self) -> None:
        """The client has ended the connection."""
        self.set_exception(None)

    def set_exception(self, exc: BaseException | None, exc_cause: BaseException | None = None) -> None:
        """The connection is over, or what came is no WebSocket."""
        if self._taker is None:
            self._early.append(lambda taker: taker.ended(exc))
        else:
            self._taker.ended(exc)


class Socket(web.WebSocketResponse):
    """aiohttp's WebSocket without its closing handshake: that one overtakes what is queued, and cuts at once."""

    def __init__(self, protocol: Protocol) -> None:
        # aiohttp refuses plain messages of max_msg_size bytes, and compressed ones of more: the limit itself is
        # judged by the stage; text, which therefore comes as bytes, in Connection.
        self._deflates = protocol.deflate
        self._inbox: Inbox | None = None
        super().__init__(
            autoping=False,
            autoclose=False,
            protocols=protocol.subprotocols,
            compress=False,  # It is agreed on here, in `_handshake`.
            max_msg_size=protocol.max_message_bytes + 1,
            decode_text=False,
        )

    def hand_to(self, taker: Taker) -> None:
        """Hand to `taker` what has come, and each message that comes."""
        assert self._inbox is not None
        self._inbox.hand_to(taker)

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
        # As aiohttp does it, with an inbox of our own, and with a stricter look at what comes.
        self._ws_protocol = protocol
        self._writer = writer
        inbox = self._inbox = Inbox(request.protocol, asyncio.get_running_loop())
        self._reader = inbox
        self._parser = WebSocketReader(inbox, self._max_msg_size, compress=bool(self._compress), decode_text=False)
        strict = Strict(typing.cast(Reader, self._parser), inbox.set_exception)
        request.protocol.set_parser(typing.cast(WebSocketReader, strict))
        request.protocol.keep_alive(False)

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """Do nothing: a Connection closes."""
        return False
