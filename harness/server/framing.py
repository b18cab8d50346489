"""Frames as bytes (RFC 6455, 5.2), for messages that go to many clients: framed once, not once for each."""

from __future__ import annotations

from harness.core.message import Frame

FIN = 0x80
SHORT, MEDIUM = 126, 127  # What stands in place of the length when 2 or 8 bytes with it follow.


class Framer:
    """Makes bytes of frames. One that is sent to many in a row is made once."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._bytes = b""

    def bytes_of(self, frame: Frame) -> bytes:
        """The whole frame: unmasked, as a server's are, not compressed, in one piece."""
        if frame is not self._frame:
            self._frame, self._bytes = frame, _header(frame) + frame.data
        return self._bytes


def _header(frame: Frame) -> bytes:
    first, size = FIN | frame.opcode, len(frame.data)
    if size < SHORT:
        return bytes((first, size))
    if size < 1 << 16:
        return bytes((first, SHORT)) + size.to_bytes(2, "big")
    return bytes((first, MEDIUM)) + size.to_bytes(8, "big")
