"""RFC 6455, 5.1 to 5.5: masks, reserved bits and opcodes, lengths, and control frames."""

from __future__ import annotations

from harness.conformance.check import Unobserved, check, expect
from harness.conformance.wire.lab import WireLab, fails, lives, state_of
from harness.conformance.wire.raw import CLOSE, PING, PONG, TEXT, Ending, Raw, RawFrame, encoded


@check("RFC-FRAME-01")
async def frames_of_the_server_are_not_masked(raw: Raw) -> None:
    """5.1."""
    await state_of(raw)
    if not raw.heard:
        raise Unobserved("the server sends nothing")
    for frame in raw.heard:
        expect(not frame.masked, "a frame without a mask", frame)


@check("RFC-FRAME-02")
async def a_frame_without_mask_fails_the_connection(raw: Raw) -> None:
    """5.1."""
    await raw.frame(TEXT, b"{}", mask=None)
    await fails(raw, "the connection to end after a frame without a mask")


@check("RFC-FRAME-03")
async def a_ping_without_mask_fails_the_connection(raw: Raw) -> None:
    """5.1."""
    await raw.frame(PING, b"bare", mask=None)
    await fails(raw, "the connection to end after a ping without a mask")


@check("RFC-FRAME-04")
async def the_first_reserved_bit_fails_the_connection(raw: Raw) -> None:
    """5.2: it has a meaning with permessage-deflate only, which was not agreed on."""
    await raw.frame(TEXT, b"{}", rsv=4)
    await fails(raw, "the connection to end after RSV1")


@check("RFC-FRAME-05")
async def the_other_reserved_bits_fail_the_connection(lab: WireLab) -> None:
    """5.2."""
    for bit in (2, 1):
        raw = await lab.raw()
        await raw.frame(TEXT, b"{}", rsv=bit)
        await fails(raw, f"the connection to end after RSV{4 - bit}")


@check("RFC-FRAME-06")
async def reserved_opcodes_of_data_fail_the_connection(lab: WireLab) -> None:
    """5.2."""
    for opcode in (3, 7):
        raw = await lab.raw()
        await raw.frame(opcode, b"{}")
        await fails(raw, f"the connection to end after opcode {opcode}")


@check("RFC-FRAME-07")
async def reserved_opcodes_of_control_fail_the_connection(lab: WireLab) -> None:
    """5.2."""
    for opcode in (11, 15):
        raw = await lab.raw()
        await raw.frame(opcode, b"")
        await fails(raw, f"the connection to end after opcode {opcode}")


@check("RFC-FRAME-08")
async def a_frame_may_come_byte_by_byte(raw: Raw) -> None:
    """5.2: TCP knows no frames."""
    frame = encoded(PING, b"piecemeal")
    await raw.send(*(frame[n : n + 1] for n in range(len(frame))))
    state = await raw.until(RawFrame(PONG, b"piecemeal"))
    expect(isinstance(state, RawFrame), "a pong for a ping that came byte by byte", str(state))


@check("RFC-FRAME-09")
async def several_frames_may_come_at_once(raw: Raw) -> None:
    """5.2."""
    await raw.send(encoded(PING, b"one") + encoded(PONG, b"unasked") + encoded(PING, b"two"))
    state = await raw.until(RawFrame(PONG, b"two"))
    expect(isinstance(state, RawFrame), "a pong for the last of several frames", str(state))


@check("RFC-FRAME-10")
async def lengths_of_the_server_are_as_short_as_can_be(raw: Raw) -> None:
    """5.2."""
    await raw.frame(PING, b"x" * 125)
    await state_of(raw)
    for frame in raw.heard:
        size = len(frame.payload)
        shortest = 2 if size < 126 else 4 if size < 1 << 16 else 10
        expect(frame.header_bytes == shortest, "the shortest form of a length", frame)


@check("RFC-FRAME-11")
async def a_length_beyond_63_bits_fails_the_connection(raw: Raw) -> None:
    """5.2: the first bit of a length of 64 bits is 0."""
    await raw.send(b"\x81\xff" + b"\xff" * 8 + b"\x00" * 4)
    await fails(raw, "the connection to end after a length with its first bit set")


@check("RFC-FRAME-12")
async def an_empty_message_breaks_nothing(raw: Raw) -> None:
    """5.2: a payload may have no bytes."""
    await raw.frame(TEXT, b"")
    await lives(raw, "the connection to go on after an empty message")


# Control frames -----------------------------------------------------------------------------------


@check("RFC-CTRL-01")
async def a_ping_is_answered_with_its_own_payload(lab: WireLab) -> None:
    """5.5.3."""
    for payload in (b"are you there", b"", b"\x00\xff\xfe", b"x" * 125):
        raw = await lab.raw()
        await raw.frame(PING, payload)
        state = await raw.until(RawFrame(PONG, payload))
        expect(isinstance(state, RawFrame), f"a pong with {payload[:20]!r}", str(state))


@check("RFC-CTRL-02")
async def the_last_of_many_pings_is_answered(raw: Raw) -> None:
    """5.5.3: an endpoint may answer the newest one only."""
    for number in range(10):
        await raw.frame(PING, b"%d" % number)
    state = await raw.until(RawFrame(PONG, b"9"))
    expect(isinstance(state, RawFrame), "a pong for the last ping", str(state))


@check("RFC-CTRL-03")
async def a_pong_that_nobody_asked_for_is_ignored(raw: Raw) -> None:
    """5.5.3."""
    await raw.frame(PONG, b"unasked")
    await lives(raw, "the connection to go on after an unasked pong")


@check("RFC-CTRL-04")
async def a_control_frame_of_more_than_125_bytes_fails_the_connection(lab: WireLab) -> None:
    """5.5."""
    for opcode in (PING, PONG, CLOSE):
        raw = await lab.raw()
        await raw.frame(opcode, b"\x03\xe8" + b"x" * 124)
        ending = await fails(raw, f"the connection to end after opcode {opcode} with 126 bytes")
        expect(ending.code != 1000, "no normal closure", str(ending))


@check("RFC-CTRL-05")
async def a_control_frame_in_fragments_fails_the_connection(lab: WireLab) -> None:
    """5.5."""
    for opcode in (PING, PONG):
        raw = await lab.raw()
        await raw.frame(opcode, b"part", fin=False)
        await fails(raw, f"the connection to end after opcode {opcode} without FIN")


@check("RFC-CTRL-06")
async def a_control_frame_with_a_reserved_bit_fails_the_connection(lab: WireLab) -> None:
    """5.2; RFC 7692, 6.1 compresses no control frame either."""
    for opcode in (PING, PONG):
        raw = await lab.raw()
        await raw.frame(opcode, b"bits", rsv=4)
        await fails(raw, f"the connection to end after opcode {opcode} with RSV1")


@check("RFC-CTRL-07")
async def breaches_are_told_by_1002(lab: WireLab) -> None:
    """7.4.1; a server may cut the connection instead."""
    for opcode, rsv, fin in ((TEXT, 2, True), (3, 0, True), (PING, 0, False)):
        raw = await lab.raw()
        await raw.frame(opcode, b"{}", rsv=rsv, fin=fin)
        ending = await fails(raw, "the connection to end after a breach of the protocol")
        expect(ending in (Ending("close", 1002), Ending("cut")), "close code 1002, or a cut", str(ending))
