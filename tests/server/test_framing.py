from __future__ import annotations

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame as Theirs
from websockets.frames import Opcode as TheirOpcode

from harness.core.message import Frame, Opcode
from harness.server import framing
from harness.server.framing import Framer


@pytest.mark.parametrize(("opcode", "size"), [(Opcode.TEXT, n) for n in (0, 1, 125, 126, 127, 65535, 65536, 70000)])
def test_frames_are_those_of_another_implementation(opcode, size):
    data = b"x" * size
    assert Framer().bytes_of(Frame(opcode, data)) == Theirs(TheirOpcode(opcode), data).serialize(mask=False)


def test_other_opcodes_are_theirs_too():
    for opcode in (Opcode.BINARY, Opcode.PING, Opcode.PONG):
        assert Framer().bytes_of(Frame(opcode, b"?")) == Theirs(TheirOpcode(opcode), b"?").serialize(mask=False)


def test_a_frame_that_goes_to_many_in_a_row_is_made_once():
    framer, frame = Framer(), Frame(Opcode.TEXT, b"news" * 300)
    first = framer.bytes_of(frame)
    assert framer.bytes_of(Frame(Opcode.TEXT, b"other")) == b"\x81\x05other"
    assert framer.bytes_of(frame) is first


def test_what_is_kept_for_others_is_bounded(monkeypatch):
    monkeypatch.setattr(framing, "KEPT_BYTES", 3000)
    framer = Framer()
    for n in range(100):
        text = b"%04d" % n * 250
        assert framer.bytes_of(Frame(Opcode.TEXT, text)).endswith(text)
        assert sum(len(data) for _, data in framer._made.values()) <= 3000


def test_frames_in_one_write_are_those_one_by_one_and_shared_by_all_who_get_the_same():
    framer, frames = Framer(), [Frame(Opcode.TEXT, b"%d" % n * 1200) for n in range(3)]
    for bits in (0, 15):
        joined = framer.joined(frames, bits)
        assert joined == b"".join(framer.bytes_of(frame, bits) for frame in frames)
        assert framer.joined(list(frames), bits) is joined
        assert framer.joined(frames[:2], bits) == b"".join(framer.bytes_of(frame, bits) for frame in frames[:2])
        equal = [Frame(Opcode.TEXT, b"%d" % n * 1200) for n in range(3)]
        assert framer.joined(equal, bits) == joined
    assert framer.joined(frames[:1]) is framer.bytes_of(frames[0])


@pytest.mark.parametrize("bits", [9, 10, 12, 15])
@pytest.mark.parametrize("size", [256, 5000, 200_000])
def test_what_is_compressed_is_read_by_another_implementation_and_builds_on_nothing(bits, size):
    text, framer = (b'{"n": 1234567890, "price": 225.10}' * 10_000)[:size], Framer()
    for _ in range(2):  # A second message, to the same decoder, which forgets nothing.
        theirs = PerMessageDeflate(True, False, bits, 15)
        made = framer.bytes_of(Frame(Opcode.TEXT, text), bits)
        assert made[0] == 0xC1
        assert len(made) < size
        payload = made[{126: 4, 127: 10}.get(made[1], 2) :]
        assert theirs.decode(Theirs(TheirOpcode.TEXT, payload, rsv1=True)).data == text


def test_control_frames_and_short_messages_are_never_compressed():
    framer = Framer()
    for frame in (Frame(Opcode.PING, b"x" * 120), Frame(Opcode.TEXT, b"x" * 255)):
        assert framer.bytes_of(frame, 15) == framer.bytes_of(frame)


def test_one_message_is_compressed_once_for_all_that_agree_on_the_window():
    framer, frame = Framer(), Frame(Opcode.TEXT, b"x" * 1000)
    assert framer.bytes_of(frame, 15) is framer.bytes_of(frame, 15)
    assert len(framer.bytes_of(frame)) > 1000 > len(framer.bytes_of(frame, 9))


@pytest.mark.parametrize(("code", "data"), [(1005, b"\x88\x00"), (1001, b"\x88\x06\x03\xe9away")])
def test_a_close_frame_has_its_code_and_reason_unless_it_has_none(code, data):
    assert Framer().bytes_of(Frame(Opcode.CLOSE, code=code, reason="away"), 15) == data
