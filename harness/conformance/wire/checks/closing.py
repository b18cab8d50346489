"""RFC 6455, 5.5.1 and 7: the closing handshake."""

from __future__ import annotations

from harness.conformance.check import Unobserved, check, expect
from harness.conformance.wire.lab import WireLab
from harness.conformance.wire.raw import CLOSE, PING, TEXT, Ending, Raw

NEVER_SENT = (1005, 1006, 1015)
UNDEFINED = (0, 999, 1004, 1016, 2999, 5000, 65535)


def _close(code: int, reason: bytes = b"") -> bytes:
    return code.to_bytes(2, "big") + reason


async def _ending(raw: Raw) -> Ending:
    ending = await raw.until()
    if not isinstance(ending, Ending):
        raise Unobserved("the server neither answers a close frame nor ends the connection")
    return ending


@check("RFC-CLOSE-01")
async def a_close_frame_is_answered_by_one(lab: WireLab) -> None:
    """5.5.1."""
    for payload in (_close(1000), _close(1000, b"done"), _close(1001), _close(3000), _close(4999), b""):
        raw = await lab.raw()
        await raw.frame(CLOSE, payload)
        ending = await raw.until()
        expect(isinstance(ending, Ending) and ending.how == "close", f"a close frame for {payload!r}", str(ending))


@check("RFC-CLOSE-02")
async def the_answer_has_the_same_code(lab: WireLab) -> None:
    """5.5.1."""
    for code in (1000, 1001, 3000, 4999):
        raw = await lab.raw()
        await raw.frame(CLOSE, _close(code))
        ending = await _ending(raw)
        expect(ending.code == code, f"close code {code}", str(ending))


@check("RFC-CLOSE-03")
async def tcp_ends_behind_the_closing_handshake(raw: Raw) -> None:
    """7.1.1: the server ends TCP first."""
    await raw.frame(CLOSE, _close(1000))
    await _ending(raw)
    expect(await raw.is_over(), "the end of TCP after both close frames", raw.heard[-1:])


@check("RFC-CLOSE-04")
async def nothing_follows_the_answer(raw: Raw) -> None:
    """5.5.1: after its close frame an endpoint sends no more data."""
    await raw.frame(CLOSE, _close(1000))
    await raw.frame(PING, b"too late")
    await _ending(raw)
    await raw.is_over()
    opcodes = [frame.opcode for frame in raw.heard]
    if CLOSE not in opcodes:
        raise Unobserved("the server ends the connection without a close frame")
    after = raw.heard[opcodes.index(CLOSE) + 1 :]
    expect(after == [], "nothing after the close frame", after)


@check("RFC-CLOSE-05")
async def a_close_frame_of_one_byte_is_no_good(raw: Raw) -> None:
    """5.5.1: a body begins with a code of two bytes."""
    await raw.frame(CLOSE, b"\x03")
    ending = await _ending(raw)
    expect(ending.how == "cut" or ending.code in (1002, 1007), "code 1002 or a cut, since it is malformed", str(ending))


@check("RFC-CLOSE-06")
async def codes_that_nobody_may_send_are_not_sent_back(lab: WireLab) -> None:
    """7.4.1."""
    await _not_sent_back(lab, NEVER_SENT)


@check("RFC-CLOSE-11")
async def codes_that_mean_nothing_are_not_sent_back(lab: WireLab) -> None:
    """7.4.2."""
    await _not_sent_back(lab, UNDEFINED)


async def _not_sent_back(lab: WireLab, codes: tuple[int, ...]) -> None:
    for code in codes:
        raw = await lab.raw()
        await raw.frame(CLOSE, _close(code))
        ending = await _ending(raw)
        expect(ending.code not in codes, f"anything but code {code} sent back", str(ending))


@check("RFC-CLOSE-07")
async def a_reason_that_is_not_utf8_is_no_good(raw: Raw) -> None:
    """5.5.1, 8.1."""
    await raw.frame(CLOSE, _close(1000, b"\xed\xa0\x80"))
    ending = await _ending(raw)
    expect(ending.how == "cut" or ending.code in (1002, 1007), "code 1007 or a cut", str(ending))


@check("RFC-CLOSE-08")
async def the_longest_reason_is_taken(raw: Raw) -> None:
    """5.5: 125 bytes, two of which are the code."""
    await raw.frame(CLOSE, _close(1000, b"x" * 123))
    ending = await _ending(raw)
    expect(ending == Ending("close", 1000), "close code 1000", str(ending))


@check("RFC-CLOSE-09")
async def a_close_frame_amid_a_message_is_answered(raw: Raw) -> None:
    """5.4, 5.5.1: control frames may come between fragments."""
    await raw.frame(TEXT, b'{"a":', fin=False)
    await raw.frame(CLOSE, _close(1000))
    ending = await _ending(raw)
    expect(ending.how == "close", "a close frame", str(ending))
