"""The opening of a connection, in the greenlet of its user: TCP, TLS, and the handshake of RFC 6455."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gevent import monkey, socket
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, InvalidURI
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI, parse_uri

from harness.load.sources import Sources, in_words
from harness.load.tls import Tls

READ_BYTES = 64 * 1024
MAX_HEAD_BYTES = 64 * 1024
END_OF_HEAD = b"\r\n\r\n"

_PlainSocket = monkey.get_original("socket", "socket")


class NotConnected(Exception):  # noqa: N818 - it is a finding about the server
    """The connection could not be opened; the text says why, in a few words that are the same each time.

    `status` is that of the handshake's answer, `errno` that of the system, where there is one.
    """

    def __init__(
        self, words: str, status: int | None = None, errno: int | None = None, timed_out: bool = False
    ) -> None:
        super().__init__(words)
        self.status = status
        self.errno = errno
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection whose handshake is done. `rest` is what came right behind the server's response."""

    socket: Any  # A plain one that does not block.
    tls: Tls | None
    rest: bytes
    deflates: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for in the handshake."""

    url: str
    headers: Mapping[str, str]
    subprotocols: Sequence[str] = ()
    deflate: bool = False  # Whether to offer permessage-deflate.


def open_(request: Request, sources: Sources) -> Opened:
    """Connect and do the opening handshake, however long it takes. NotConnected when either fails."""
    try:
        uri = parse_uri(request.url)
    except InvalidURI as error:
        raise NotConnected(f"{request.url!r} is no WebSocket URL, such as ws://127.0.0.1:8000/path") from error
    try:
        connection = sources.connect(uri.host, uri.port)
    except OSError as error:
        raise NotConnected(in_words(error), errno=error.errno) from error
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = _secured(connection, uri.host) if uri.secure else None
        protocol, rest = _shake_hands(connection, tls, uri, request)
        # From here on nobody waits in this socket, so that gevent's own has no part in it.
        plain = _PlainSocket(fileno=connection.detach())
    except OSError as error:
        raise NotConnected(in_words(error), errno=error.errno) from error
    finally:
        connection.close()
    plain.setblocking(False)
    return Opened(plain, tls, rest, bool(protocol.extensions))


def _secured(connection: Any, host: str) -> Tls:
    tls = Tls(host)
    data = b""
    while not tls.shake_hands(data):
        connection.sendall(tls.pending())
        data = connection.recv(READ_BYTES)
        if not data:
            raise NotConnected("the connection ends within the handshake of TLS")
    connection.sendall(tls.pending())
    return tls


def _shake_hands(connection: Any, tls: Tls | None, uri: WebSocketURI, wanted: Request) -> tuple[ClientProtocol, bytes]:
    """The protocol when it is open, and what came behind the response."""
    protocol = ClientProtocol(
        uri,
        extensions=[ClientPerMessageDeflateFactory()] if wanted.deflate else None,
        subprotocols=[Subprotocol(name) for name in wanted.subprotocols] or None,
    )
    request = protocol.connect()
    for name, value in wanted.headers.items():
        request.headers[name] = value
    protocol.send_request(request)
    data = b"".join(protocol.data_to_send())
    connection.sendall(tls.encrypt(data) if tls else data)
    # All at once, since the frames behind it are for another reader.
    head, end, rest = _head(connection, tls).partition(END_OF_HEAD)
    protocol.receive_data(head + end)
    while protocol.state is State.CONNECTING and protocol.handshake_exc is None:
        # A response that refuses has a body, too.
        if more := rest or _received(connection, tls):
            protocol.receive_data(more)
        else:
            protocol.receive_eof()
        rest = b""
    if protocol.handshake_exc is not None:
        error = protocol.handshake_exc
        status = error.response.status_code if isinstance(error, InvalidStatus) else None
        raise NotConnected(_words(error), status) from error
    return protocol, rest


def _head(connection: Any, tls: Tls | None) -> bytes:
    data = b""
    while END_OF_HEAD not in data and len(data) < MAX_HEAD_BYTES:
        more = _received(connection, tls)
        if not more:
            break
        data += more
    return data


def _received(connection: Any, tls: Tls | None) -> bytes:
    """More bytes; none when the server has ended the connection."""
    while data := connection.recv(READ_BYTES):
        try:
            if plain := tls.decrypt(data) if tls else data:
                return plain
        except EOFError:
            break
    return b""


def _words(error: Exception) -> str:
    if isinstance(error, InvalidStatus):
        return f"the server refuses the handshake with status {error.response.status_code}"
    return f"the handshake fails: {error}"
