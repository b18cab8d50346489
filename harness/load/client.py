"""One WebSocket connection under gevent: `websockets` makes the frames, a greenlet of its own reads them."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import gevent
from gevent import socket, ssl
from gevent.lock import RLock
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI, parse_uri

READ_BYTES = 64 * 1024
READS_IN_A_ROW = 64  # A greenlet whose reads never block would never let another one run.


class NotConnected(Exception):  # noqa: N818 - it is a finding about the server
    """The connection could not be opened; the text says why, in a few words that are the same each time."""


class Client:
    """A connection. Its reading greenlet calls `on_message(text, arrived_s)`, `on_close(code, reason)` and, for pong
    frames, `on_pong(data, arrived_s)`.

    Times are those of `time.perf_counter`. A connection that was cut has code 1006.
    """

    def __init__(
        self,
        on_message: Callable[[bytes, float], None],
        on_close: Callable[[int, str], None],
        on_pong: Callable[[bytes, float], None] = lambda data, arrived_s: None,
    ) -> None:
        self._on_message = on_message
        self._on_pong = on_pong
        self._on_close = on_close
        self._socket: Any = None
        self._protocol: ClientProtocol | None = None
        self._parts: list[bytes] = []
        self._writing = RLock()
        self._reader: gevent.Greenlet | None = None

    def connect(self, url: str, headers: Mapping[str, str], timeout_s: float, subprotocols: Sequence[str] = ()) -> None:
        """Open the TCP connection and do the opening handshake. NotConnected when either fails."""
        try:
            uri = parse_uri(url)
        except InvalidURI as error:
            raise NotConnected(f"{url!r} is no WebSocket URL") from error
        offered = cast("list[Subprotocol]", list(subprotocols))
        self._protocol = ClientProtocol(uri, subprotocols=offered or None)
        try:
            with gevent.Timeout(timeout_s, NotConnected(f"no answer within {timeout_s:g} s")):
                self._socket = _opened(uri)
                self._shake_hands(self._protocol, headers)
        except NotConnected:
            self.abort()
            raise
        except OSError as error:
            self.abort()
            raise NotConnected(error.strerror or type(error).__name__) from error
        self._reader = gevent.spawn(self._read)

    def send(self, text: bytes) -> None:
        """Send a text message. OSError when the connection is over."""
        self._open_protocol().send_text(text)
        self._flush()

    def ping(self, data: bytes) -> None:
        """Send a ping frame. OSError when the connection is over."""
        self._open_protocol().send_ping(data)
        self._flush()

    def close(self, timeout_s: float = 1.0) -> None:
        """Do the closing handshake, or cut the connection when the server takes longer than `timeout_s`."""
        if self._protocol is not None and self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        if self._reader is not None:
            self._reader.join(timeout_s)
        self.abort()

    def abort(self) -> None:
        """Cut the TCP connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def cut(self) -> None:
        """Reset the TCP connection: no closing handshake, not even the end of the stream."""
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._socket is not None and self._protocol is not None and self._protocol.state is State.OPEN

    # Inside -------------------------------------------------------------------------------------

    def _open_protocol(self) -> ClientProtocol:
        if self._protocol is None or self._protocol.state is not State.OPEN:
            raise ConnectionResetError("the connection is closed")
        return self._protocol

    def _shake_hands(self, protocol: ClientProtocol, headers: Mapping[str, str]) -> None:
        request = protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        protocol.send_request(request)
        self._flush()
        while protocol.state is State.CONNECTING and protocol.handshake_exc is None:
            self._feed(protocol, self._socket.recv(READ_BYTES))
        # Frames that came right behind the response wait in the protocol, for the reading greenlet.
        if protocol.handshake_exc is not None:
            raise NotConnected(_words(protocol.handshake_exc)) from protocol.handshake_exc

    def _read(self) -> None:
        protocol = self._protocol
        assert protocol is not None
        reads = 0
        self._hand_over(protocol, time.perf_counter())
        while protocol.state is not State.CLOSED:
            try:
                data = self._socket.recv(READ_BYTES) if self._socket is not None else b""
            except OSError:
                data = b""
            arrived_s = time.perf_counter()
            self._feed(protocol, data)
            self._hand_over(protocol, arrived_s)
            reads += 1
            if reads % READS_IN_A_ROW == 0:
                gevent.sleep(0)
        self._on_close(protocol.close_code or 1006, protocol.close_reason or "")

    def _feed(self, protocol: ClientProtocol, data: bytes) -> None:
        if data:
            protocol.receive_data(data)
        else:
            protocol.receive_eof()
        self._flush()

    def _hand_over(self, protocol: ClientProtocol, arrived_s: float) -> None:
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                self._assemble(event, arrived_s)
            elif isinstance(event, Frame) and event.opcode is Opcode.PONG:
                self._on_pong(bytes(event.data), arrived_s)

    def _assemble(self, frame: Frame, arrived_s: float) -> None:
        self._parts.append(bytes(frame.data))
        if frame.fin:
            text, self._parts = b"".join(self._parts), []
            self._on_message(text, arrived_s)

    def _flush(self) -> None:
        """Write what the protocol wants written; an empty piece asks for the end of the stream (RFC 6455, 7.1.1)."""
        assert self._protocol is not None
        # A long write lets other greenlets run; theirs must not come in the middle of it.
        with self._writing:
            for data in self._protocol.data_to_send():
                if self._socket is None:
                    return
                try:
                    if data:
                        self._socket.sendall(data)
                    else:
                        self._socket.shutdown(socket.SHUT_WR)
                except OSError:
                    return  # The reading greenlet meets the same end, and tells of it.


def _opened(uri: WebSocketURI) -> Any:
    connection = socket.create_connection((uri.host, uri.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if uri.secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        return context.wrap_socket(connection, server_hostname=uri.host)
    return connection


def _words(error: Exception) -> str:
    if isinstance(error, InvalidStatus):
        return f"the server refuses the handshake with status {error.response.status_code}"
    return f"the handshake fails: {error}" if isinstance(error, WebSocketException) else str(error)
