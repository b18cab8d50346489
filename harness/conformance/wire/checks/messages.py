"""RFC 6455, 5.4, 5.6 and 8.1: fragments and text. An application may answer what it likes, or nothing."""

from __future__ import annotations

from harness.conformance.check import check, expect
from harness.conformance.wire.lab import WireLab, fails, lives
from harness.conformance.wire.raw import BINARY, CONTINUATION, PING, PONG, TEXT, Ending, Raw, RawFrame

SPLIT = "κόσμε 😀".encode()
INVALID = {
    "a lone continuation byte": b"\x80",
    "an overlong form": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "more than U+10FFFF": b"\xf4\x90\x80\x80",
    "an incomplete character at the end": b'{"type": "\xf0\x9f\x98',
    "a byte that UTF-8 never has": b'{"type": "\xff"}',
}


@check("RFC-FRAG-01")
async def a_message_may_come_in_fragments(lab: WireLab) -> None:
    """5.4; two of them, many of one byte, and empty ones."""
    for parts in ((b'{"a":', b"1}"), tuple(bytes([byte]) for byte in b'{"a": 1}'), (b"", b"{}", b"")):
        raw = await lab.raw()
        await _in_parts(raw, TEXT, parts)
        await lives(raw, f"the connection to go on after a message of {len(parts)} fragments")


@check("RFC-FRAG-02")
async def a_control_frame_may_come_between_fragments(raw: Raw) -> None:
    """5.4, 5.5."""
    await raw.frame(TEXT, b'{"a":', fin=False)
    await raw.frame(PING, b"between")
    state = await raw.until(RawFrame(PONG, b"between"))
    expect(isinstance(state, RawFrame), "a pong before the message has ended", str(state))
    await raw.frame(CONTINUATION, b"1}")
    await lives(raw, "the connection to go on after the rest of the message")


@check("RFC-FRAG-03")
async def a_continuation_of_nothing_fails_the_connection(lab: WireLab) -> None:
    """5.4."""
    for fin in (True, False):
        raw = await lab.raw()
        await raw.frame(CONTINUATION, b"{}", fin=fin)
        await fails(raw, "the connection to end after a continuation of nothing")


@check("RFC-FRAG-04")
async def a_message_within_another_fails_the_connection(lab: WireLab) -> None:
    """5.4: fragments of two messages are not mixed."""
    for opcode in (TEXT, BINARY):
        raw = await lab.raw()
        await raw.frame(TEXT, b'{"a":', fin=False)
        await raw.frame(opcode, b"{}")
        await fails(raw, f"the connection to end after opcode {opcode} amid a message")


@check("RFC-FRAG-05")
async def a_reserved_bit_on_a_continuation_fails_the_connection(raw: Raw) -> None:
    """5.2."""
    await raw.frame(TEXT, b'{"a":', fin=False)
    await raw.frame(CONTINUATION, b"1}", rsv=4)
    await fails(raw, "the connection to end after RSV1 on a continuation")


@check("RFC-UTF-01")
async def text_that_is_not_utf8_fails_the_connection(lab: WireLab) -> None:
    """8.1."""
    for what, data in INVALID.items():
        raw = await lab.raw()
        await raw.frame(TEXT, data)
        await fails(raw, f"the connection to end after text with {what}")


@check("RFC-UTF-02")
async def such_text_is_told_by_1007(raw: Raw) -> None:
    """7.4.1."""
    await raw.frame(TEXT, INVALID["a surrogate"])
    ending = await fails(raw, "the connection to end after text that is not UTF-8")
    expect(ending in (Ending("close", 1007), Ending("cut")), "close code 1007, or a cut", str(ending))


@check("RFC-UTF-03")
async def a_character_may_be_split_over_fragments(raw: Raw) -> None:
    """5.6: the whole message is UTF-8, its fragments need not be."""
    await _in_parts(raw, TEXT, tuple(bytes([byte]) for byte in b'{"a": "' + SPLIT + b'"}'))
    await lives(raw, "the connection to go on after characters that were split")


@check("RFC-UTF-04")
async def text_in_fragments_is_judged_too(raw: Raw) -> None:
    """8.1."""
    await _in_parts(raw, TEXT, (b'{"a": "\xed', b"\xa0", b'\x80"}'))
    await fails(raw, "the connection to end after a surrogate in fragments")


@check("RFC-UTF-05")
async def binary_data_need_not_be_utf8(raw: Raw) -> None:
    """5.6: what an application makes of it is its own affair."""
    await raw.frame(BINARY, b"\xff\xfe\x00")
    await lives(raw, "the connection to go on after binary data")


async def _in_parts(raw: Raw, opcode: int, parts: tuple[bytes, ...]) -> None:
    for number, part in enumerate(parts):
        await raw.frame(opcode if number == 0 else CONTINUATION, part, fin=number == len(parts) - 1)
