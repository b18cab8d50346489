"""Frames as bytes (RFC 6455, 5.2), for messages that go to many clients: made once, not once for each."""

from __future__ import annotations

import zlib

from harness.core.message import Frame, Opcode

FIN, RSV1 = 0x80, 0x40
SHORT, MEDIUM = 126, 127  # What stands in place of the length when 2 or 8 bytes with it follow.
NO_CODE = 1005  # RFC 6455, 7.1.5: stands for a close frame without a code, and is never sent.
DEFLATE_FROM_BYTES = 256  # Smaller messages hardly shrink; RFC 7692, 6 leaves it to the sender.
DEFLATE_LEVEL = 1
FLUSHED = b"\x00\x00\xff\xff"  # RFC 7692, 7.2.1: what a flush ends with is not sent.


class Framer:
    """Makes bytes of frames. One that is sent to many in a row is made once, and once for each way to compress it."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._made: dict[int, bytes] = {}

    def bytes_of(self, frame: Frame, deflate_bits: int = 0) -> bytes:
        """The whole frame: unmasked, as a server's are, and in one piece.

        `deflate_bits` is the window of a connection with permessage-deflate, 0 of one without. No message builds on
        the one before ("server_no_context_takeover"), so that all such connections can share the bytes.
        """
        if frame is not self._frame:
            self._frame, self._made = frame, {}
        made = self._made.get(deflate_bits)
        if made is None:
            made = self._made[deflate_bits] = _bytes_of(frame, deflate_bits)
        return made


def _bytes_of(frame: Frame, deflate_bits: int) -> bytes:
    data, first = frame.data, FIN | frame.opcode
    if frame.opcode is Opcode.CLOSE:
        data = b"" if frame.code == NO_CODE else frame.code.to_bytes(2, "big") + frame.reason.encode()
    elif deflate_bits and len(data) >= DEFLATE_FROM_BYTES and frame.opcode in (Opcode.TEXT, Opcode.BINARY):
        data, first = _deflated(data, deflate_bits), first | RSV1
    return _header(first, len(data)) + data


def _deflated(data: bytes, bits: int) -> bytes:
    compressor = zlib.compressobj(DEFLATE_LEVEL, wbits=-bits)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(FLUSHED)


def _header(first: int, size: int) -> bytes:
    if size < SHORT:
        return bytes((first, size))
    if size < 1 << 16:
        return bytes((first, SHORT)) + size.to_bytes(2, "big")
    return bytes((first, MEDIUM)) + size.to_bytes(8, "big")
