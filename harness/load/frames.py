"""Frames of RFC 6455, as a client makes and reads them: the reader is aiohttp's, which is compiled."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable
from typing import Any

from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp.http import WebSocketError
from websockets.frames import Opcode
from websockets.speedups import apply_mask

MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # A server that sends more in one message breaks off the connection (1009).
NO_CODE = 1005  # RFC 6455, 7.1.5: stands for a close frame without a code, and is never sent.
INVALID_DATA = 1007

_FIN, _MASKED = 0x80, 0x80
_short, _medium, _long = (struct.Struct(layout).pack for layout in ("!BBL", "!BBHL", "!BBQL"))
_random_bits = random.getrandbits


class Broken(Exception):  # noqa: N818 - a finding about the server
    """The server has broken the protocol; `code` is what a close frame calls it."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Reader:
    """Makes messages of the bytes of one connection: joined when in fragments, and inflated when they were deflated."""

    def __init__(self, deflates: bool) -> None:
        self._arrivals = _Arrivals()
        self._reader = WebSocketReader(self._arrivals, MAX_MESSAGE_BYTES, deflates, False)

    def feed(self, data: bytes) -> Iterable[tuple[int, Any, Any]]:
        """What is complete by now: opcode, payload, and of a close frame its code and reason. Errors: Broken."""
        arrivals = self._arrivals
        self._reader.feed_data(data)
        if arrivals.broken is not None:
            raise arrivals.broken
        messages, arrivals.messages = arrivals.messages, []
        return messages


class _Arrivals(WebSocketDataQueue):
    """Where aiohttp's reader puts messages, and whom it tells that it could not go on."""

    def __init__(self) -> None:
        # The parent would hold up its connection when it is full; this one is emptied after each read.
        nobody: Any = None
        super().__init__(nobody, 1, loop=nobody)
        self.messages: list[Any] = []
        self.broken: Broken | None = None

    def feed_data(self, message: Any, size: int) -> None:
        self.messages.append(message)

    def set_exception(self, error: BaseException, cause: BaseException | None = None) -> None:
        code = error.code if isinstance(error, WebSocketError) else INVALID_DATA
        self.broken = Broken(code, str(error))


def masked(opcode: int, payload: bytes) -> bytes:
    """A whole frame, masked as a client's must be, with a mask that nobody can foretell (RFC 6455, 5.3)."""
    mask = _random_bits(32)
    size = len(payload)
    if size < 126:
        head = _short(_FIN | opcode, _MASKED | size, mask)
    elif size < 1 << 16:
        head = _medium(_FIN | opcode, _MASKED | 126, size, mask)
    else:
        head = _long(_FIN | opcode, _MASKED | 127, size, mask)
    return head + apply_mask(payload, head[-4:])


def closing(code: int) -> bytes:
    """A close frame."""
    return masked(Opcode.CLOSE, b"" if code == NO_CODE else code.to_bytes(2, "big"))
