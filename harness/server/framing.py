"""Frames as bytes (RFC 6455, 5.2), for messages that go to many clients: made once, not once for each."""

from __future__ import annotations

import zlib
from operator import is_not

from harness.core.message import Frame, Opcode

FIN, RSV1 = 0x80, 0x40
SHORT, MEDIUM = 126, 127  # What stands in place of the length when 2 or 8 bytes with it follow.
NO_CODE = 1005  # RFC 6455, 7.1.5: stands for a close frame without a code, and is never sent.
DEFLATE_FROM_BYTES = 256  # Smaller messages hardly shrink; RFC 7692, 6 leaves it to the sender.
DEFLATE_LEVEL = 1
FLUSHED = b"\x00\x00\xff\xff"  # RFC 7692, 7.2.1: what a flush ends with is not sent.

KEPT_BYTES = 256 * 1024  # Of frames that may be sent to others, too.
KEPT_FROM_BYTES = 1024  # Smaller ones are made sooner than looked up, unless they are deflated.


class Framer:
    """Makes bytes of frames. What is sent to many is made once, and once for each way to compress it."""

    def __init__(self) -> None:
        # By identity, which holds since the frame itself is kept beside its bytes.
        self._made: dict[tuple[int, int], tuple[Frame, bytes]] = {}
        self._made_bytes = 0
        self._joined: tuple[list[Frame], int, bytes] = ([], 0, b"")  # The newest frames that were sent together.

    def bytes_of(self, frame: Frame, deflate_bits: int = 0) -> bytes:
        """The whole frame: unmasked, as a server's are, and in one piece.

        `deflate_bits` is the window of a connection with permessage-deflate, 0 of one without. No message builds on
        the one before ("server_no_context_takeover"), so that all such connections can share the bytes.
        """
        if len(frame.data) < (DEFLATE_FROM_BYTES if deflate_bits else KEPT_FROM_BYTES):
            return _bytes_of(frame, deflate_bits)
        key = (id(frame), deflate_bits)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = (frame, _bytes_of(frame, deflate_bits))
            self._forget_if_many(len(made[1]))
        return made[1]

    def joined(self, frames: list[Frame], deflate_bits: int = 0) -> bytes:
        """The bytes of several frames, for one write; `frames` must not change any more."""
        if len(frames) == 1:
            return self.bytes_of(frames[0], deflate_bits)
        same, bits, data = self._joined
        if bits != deflate_bits or len(same) != len(frames) or any(map(is_not, same, frames)):
            data = b"".join([self.bytes_of(frame, deflate_bits) for frame in frames])
            self._joined = (frames, deflate_bits, data)
        return data

    def _forget_if_many(self, more_bytes: int) -> None:
        self._made_bytes += more_bytes
        if self._made_bytes > KEPT_BYTES:
            self._made.clear()
            self._made_bytes = 0


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
