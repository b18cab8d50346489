"""A look at the headers of a client's frames, ahead of aiohttp, which takes some that RFC 6455 forbids."""

from __future__ import annotations

import typing
from collections.abc import Callable

from aiohttp import WebSocketError, WSCloseCode

MASK, RSV1, CONTROL = 0x80, 0x40, 0x08
EXTENDED = {126: 2, 127: 8}  # Bytes of a longer length.
MASK_BYTES = 4
LONGEST_HEAD = 10  # Without its mask.


class Reader(typing.Protocol):
    """aiohttp's own parser of frames."""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Parse these bytes."""

    def feed_eof(self) -> None:
        """There are no more."""


class Strict:
    """Stands before aiohttp's parser. It hands on what comes, up to a frame that must fail the connection."""

    def __init__(self, parser: Reader, fail: Callable[[WebSocketError], None]) -> None:
        self._parser = parser
        self._report = fail
        self._head = b""  # Of a frame whose header is not complete yet.
        self._skip = 0  # Bytes of the present frame that are still to come.
        self._failed = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Look at these bytes, and hand on what is good of them."""
        if self._failed:
            return False, b""
        good, breach = self._looked_at(data)
        if not breach:
            return self._parser.feed_data(data)
        self._failed = True
        result = self._parser.feed_data(data[:good])
        self._report(WebSocketError(WSCloseCode.PROTOCOL_ERROR, breach))
        return result

    def feed_eof(self) -> None:
        """There are no more bytes."""
        self._parser.feed_eof()

    def _looked_at(self, data: bytes) -> tuple[int, str]:
        """How many bytes are good, and what is wrong with the frame behind them; "" where nothing is."""
        position, size = self._skip, len(data)
        while position < size:
            if not self._head and size - position >= LONGEST_HEAD:
                # The whole header is here, as it nearly always is.
                first, second = data[position], data[position + 1]
                if not second & MASK or first & (CONTROL | RSV1) == CONTROL | RSV1:
                    return position, _breach(first, second)
                more = EXTENDED.get(second & ~MASK)
                if more is None:
                    position += 2 + MASK_BYTES + (second & ~MASK)
                else:
                    position += _frame_bytes(data[position : position + 2 + more])
            else:
                self._head += data[position : position + 1]
                position += 1
                if len(self._head) == 2 and (breach := _breach(*self._head)):
                    return max(0, position - 2), breach
                if len(self._head) >= 2 and len(self._head) == _header_bytes(self._head):
                    position += _frame_bytes(self._head) - len(self._head)
                    self._head = b""
        self._skip = position - size
        return size, ""


def _breach(first: int, second: int) -> str:
    if not second & MASK:
        return "a frame without a mask"  # RFC 6455, 5.1
    if first & CONTROL and first & RSV1:
        return "a control frame with RSV1"  # RFC 7692, 6.1
    return ""


def _header_bytes(head: bytes) -> int:
    """The length of a header, without its mask."""
    return 2 + EXTENDED.get(head[1] & ~MASK, 0)


def _frame_bytes(head: bytes) -> int:
    """The length of a frame with this header, its mask included."""
    payload_bytes = int.from_bytes(head[2:], "big") if len(head) > 2 else head[1] & ~MASK
    return len(head) + MASK_BYTES + payload_bytes
