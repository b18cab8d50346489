"""One WebSocket connection under gevent: opened in a greenlet, and from then on served by gevent's hub.

No greenlet waits in it. When there is something to read, the hub calls the reader, and that calls whoever listens: a
switch of greenlets for every message would cost more than all the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any

import gevent
from gevent import socket
from gevent.event import Event
from websockets.frames import Opcode

from harness.load import frames
from harness.load.frames import Broken, Reader, masked
from harness.load.opening import READ_BYTES, NotConnected, Opened, Request, open_
from harness.load.sources import Sources

__all__ = ["Client", "NotConnected"]

MAX_UNSENT_BYTES = 1024 * 1024  # What may wait for a server that does not read.
LINGER_S = 1.0  # How long the server has to end TCP after the closing handshake (RFC 6455, 7.1.1).
NORMAL, CUT = 1000, 1006  # Close codes.
CLOSED = "the connection is closed"
READ, WRITE = 1, 2  # What libev calls them.
TEXT, BINARY = int(Opcode.TEXT), int(Opcode.BINARY)  # Plain numbers, for what is done with every message.


class Client:
    """A connection. gevent's hub calls `on_message(text, arrived_s)`, `on_pong(data, arrived_s)` for pong frames, and,
    once, `on_close(code, reason)`.

    So they must not wait for anything. Times are those of `time.perf_counter`. A connection that was cut has code 1006.
    """

    def __init__(
        self,
        on_message: Callable[[bytes, float], None],
        on_close: Callable[[int, str], None],
        sources: Sources | None = None,
        on_pong: Callable[[bytes, float], None] = lambda data, arrived_s: None,
    ) -> None:
        self._on_message = on_message
        self._on_pong = on_pong
        self._on_close = on_close
        self._sources = sources or Sources()
        self._opened: Opened | None = None
        self._watchers: list[Any] = []
        self._unsent = bytearray()
        self._ended = Event()
        self._close_sent = False
        self._close_code: int | None = None  # The server's.
        self._close_reason = ""

    def connect(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout_s: float,
        subprotocols: Sequence[str] = (),
        deflate: bool = False,
    ) -> None:
        """Open the TCP connection and do the opening handshake. NotConnected when either fails."""
        with gevent.Timeout(timeout_s, NotConnected(f"no answer within {timeout_s:g} s", timed_out=True)):
            opened = open_(Request(url, headers, subprotocols, deflate), self._sources)
        loop = gevent.get_hub().loop
        self._opened = opened
        self._socket = opened.socket
        self._tls = opened.tls
        self._write = self._write_bytes if opened.tls is None else self._write_secretly
        self._reader = Reader(opened.deflates)
        self._readable = loop.io(self._socket.fileno(), READ)
        self._writable = loop.io(self._socket.fileno(), WRITE)
        self._linger = loop.timer(LINGER_S)
        self._watchers = [self._readable, self._writable, self._linger]
        # What came with the response is read before anything else, and not before whoever connects has it in hand.
        loop.run_callback(self._begin, opened.rest, perf_counter())

    def send(self, text: bytes) -> None:
        """Send a text message. OSError when the connection is over."""
        if self._close_sent or self._opened is None:
            raise ConnectionResetError(CLOSED)
        self._write(masked(TEXT, text))

    def ping(self, data: bytes) -> None:
        """Send a ping frame. OSError when the connection is over."""
        if self._close_sent or self._opened is None:
            raise ConnectionResetError(CLOSED)
        self._write(masked(Opcode.PING, data))

    def close(self, timeout_s: float = LINGER_S) -> None:
        """Do the closing handshake, or cut the connection when the server takes longer than `timeout_s`."""
        if self._opened is not None:
            self._say_goodbye(NORMAL)
            self._ended.wait(timeout_s)
        self.abort()

    def abort(self) -> None:
        """Cut the TCP connection."""
        self._end()

    def cut(self) -> None:
        """Reset the TCP connection: no closing handshake, not even the end of the stream."""
        if self._opened is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._opened is not None and not self._close_sent

    # Reading ------------------------------------------------------------------------------------

    def _begin(self, rest: bytes, arrived_s: float) -> None:
        if self._opened is not None:
            self._readable.start(self._read)
            if rest:
                self._take(rest, arrived_s)

    def _read(self) -> None:
        """Read once, though there may be more: other connections have a right to their turn."""
        try:
            data = self._socket.recv(READ_BYTES)
            arrived_s = perf_counter()
            if not data:
                self._end()
                return
            if self._tls is not None:
                data = self._tls.decrypt(data)
                if reply := self._tls.pending():
                    self._write_bytes(reply)
        except BlockingIOError:
            return
        except (OSError, EOFError):
            self._end()
            return
        self._take(data, arrived_s)

    def _take(self, data: bytes, arrived_s: float) -> None:
        try:
            for opcode, payload, extra in self._reader.feed(data):
                if opcode == TEXT:
                    if not payload.isascii():
                        payload.decode()  # RFC 6455, 8.1: what is no UTF-8 fails the connection.
                    self._on_message(payload, arrived_s)
                elif opcode == BINARY:
                    self._on_message(payload, arrived_s)
                else:
                    self._control(opcode, payload, extra, arrived_s)
        except UnicodeDecodeError:
            self._fail(frames.INVALID_DATA, "a text message is no UTF-8")
        except Broken as broken:
            self._fail(broken.code, str(broken))

    def _control(self, opcode: int, payload: Any, reason: str, arrived_s: float) -> None:
        if opcode == Opcode.PING and self.is_open:
            with suppress(OSError):  # The reader meets the same end, and tells of it.
                self._write(masked(Opcode.PONG, payload))
        elif opcode == Opcode.PONG:
            self._on_pong(bytes(payload), arrived_s)
        elif opcode == Opcode.CLOSE and self._close_code is None:
            self._close_code, self._close_reason = payload or frames.NO_CODE, reason
            self._say_goodbye(self._close_code)
            if self._opened is not None:
                self._linger.start(self._end)

    def _fail(self, code: int, words: str) -> None:
        """Fail the WebSocket connection (RFC 6455, 7.1.7)."""
        self._close_code, self._close_reason = code, f"closed by us: {words}"
        self._say_goodbye(code)
        self._end()

    # Writing ------------------------------------------------------------------------------------

    def _say_goodbye(self, code: int) -> None:
        if not self._close_sent:
            self._close_sent = True
            with suppress(OSError):
                self._write(frames.closing(code))

    def _write_secretly(self, data: bytes) -> None:
        assert self._tls is not None
        self._write_bytes(self._tls.encrypt(data))

    def _write_bytes(self, data: bytes) -> None:
        """Write at once what the socket takes, the rest when it can. OSError when the connection is over."""
        if not self._unsent:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
            self._writable.start(self._write_more)
        self._unsent += data
        if len(self._unsent) > MAX_UNSENT_BYTES:
            self._close_reason = f"cut by us: the server does not read, {len(self._unsent)} bytes wait for it"
            self._end()
            raise ConnectionResetError(self._close_reason)

    def _write_more(self) -> None:
        try:
            del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()
        if not self._unsent:
            self._writable.stop()

    def _end(self) -> None:
        """The TCP connection is over."""
        if self._opened is None:
            return
        self._opened = None
        for watcher in self._watchers:
            watcher.close()
        self._socket.close()
        self._unsent.clear()
        self._ended.set()
        self._on_close(self._close_code or CUT, self._close_reason)
