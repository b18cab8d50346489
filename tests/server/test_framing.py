from __future__ import annotations

import pytest
from websockets.frames import Frame as Theirs
from websockets.frames import Opcode as TheirOpcode

from harness.core.message import Frame, Opcode
from harness.server.framing import Framer


@pytest.mark.parametrize(("opcode", "size"), [(Opcode.TEXT, n) for n in (0, 1, 125, 126, 127, 65535, 65536, 70000)])
def test_frames_are_those_of_another_implementation(opcode, size):
    data = b"x" * size
    assert Framer().bytes_of(Frame(opcode, data)) == Theirs(TheirOpcode(opcode), data).serialize(mask=False)


def test_other_opcodes_are_theirs_too():
    for opcode in (Opcode.BINARY, Opcode.PING, Opcode.PONG):
        assert Framer().bytes_of(Frame(opcode, b"?")) == Theirs(TheirOpcode(opcode), b"?").serialize(mask=False)


def test_a_frame_that_goes_to_many_in_a_row_is_made_once():
    framer, frame = Framer(), Frame(Opcode.TEXT, b"news")
    first = framer.bytes_of(frame)
    assert framer.bytes_of(frame) is first
    assert framer.bytes_of(Frame(Opcode.TEXT, b"other")) == b"\x81\x05other"
    assert framer.bytes_of(frame) == first
