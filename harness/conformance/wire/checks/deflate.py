"""RFC 7692: permessage-deflate. A server that does not agree on it is not judged by this."""

from __future__ import annotations

import re
import zlib

from harness.conformance.check import Unobserved, check, expect
from harness.conformance.wire.lab import DEFLATE, WireLab, deflated, fails, lives
from harness.conformance.wire.raw import CONTINUATION, PING, TEXT, Raw, Response

PARAMETERS = {f"{side}_{what}" for side in ("server", "client") for what in ("no_context_takeover", "max_window_bits")}
BAD_PARAMETERS = (
    *("; x_unheard_of", "; server_max_window_bits=16", "; server_max_window_bits=7"),
    *("; server_no_context_takeover=1", "; server_no_context_takeover; server_no_context_takeover"),
)
BOMB_BYTES = 64 * 1024 * 1024  # What a few kilobytes on the wire become.


async def _agreed(lab: WireLab, offer: str) -> tuple[Raw, Response, str]:
    raw, response = await lab.shaken({"Sec-WebSocket-Extensions": offer})
    return raw, response, response.one("sec-websocket-extensions")


def _parameters(agreed: str) -> list[tuple[str, str]]:
    parts = [part.strip() for part in agreed.split(";")[1:]]
    return [(name.strip(), value.strip().strip('"')) for name, _, value in (part.partition("=") for part in parts)]


@check("RFC-DEFL-01")
async def the_agreement_is_well_formed(lab: WireLab) -> None:
    """7.1: known parameters, each once, with values where they have any."""
    _, response, agreed = await _agreed(lab, f"{DEFLATE}; client_max_window_bits")
    if not agreed:
        raise Unobserved("the server does not agree on permessage-deflate")
    expect(agreed.split(";")[0].strip() == DEFLATE, "permessage-deflate alone", response)
    found = _parameters(agreed)
    names = [name for name, _ in found]
    expect(set(names) <= PARAMETERS and len(names) == len(set(names)), "known parameters, each once", agreed)
    for name, value in found:
        good = re.fullmatch(r"8|9|1[0-5]", value) if name.endswith("bits") else value == ""
        expect(good, "window bits from 8 to 15, and no other values", agreed)


@check("RFC-DEFL-02")
async def a_wish_of_the_client_is_kept_or_the_extension_declined(lab: WireLab) -> None:
    """7.1.1.1, 7.1.2.1."""
    _, response, agreed = await _agreed(lab, f"{DEFLATE}; server_no_context_takeover; server_max_window_bits=10")
    if not agreed:
        raise Unobserved("the server declines the offer")
    found = dict(_parameters(agreed))
    expect("server_no_context_takeover" in found, "server_no_context_takeover in the answer", response)
    bits = found.get("server_max_window_bits", "")
    expect(bits.isdigit() and int(bits) <= 10, "server_max_window_bits of 10 at most in the answer", response)


@check("RFC-DEFL-03")
async def the_clients_window_is_not_limited_unasked(lab: WireLab) -> None:
    """7.1.2.2: only a client that says it can is told so."""
    _, response, agreed = await _agreed(lab, DEFLATE)
    expect("client_max_window_bits" not in agreed, "no client_max_window_bits, which was not offered", response)


@check("RFC-DEFL-04")
async def an_offer_that_is_no_good_is_declined(lab: WireLab) -> None:
    """7.1: unknown or repeated parameters, and values out of range."""
    for bad in BAD_PARAMETERS:
        raw = await lab.bare()
        response = await raw.shake(raw.request({"Sec-WebSocket-Extensions": DEFLATE + bad}))
        agreed = response.one("sec-websocket-extensions") if response else ""
        expect(agreed == "", f"the offer {DEFLATE + bad} declined", response)


@check("RFC-DEFL-05")
async def a_compressed_message_is_taken(lab: WireLab) -> None:
    """6.1; whole, in fragments, and empty."""
    raw = await lab.deflating()
    data = deflated(b'{"a": "' + b"x" * 500 + b'"}')
    await raw.frame(TEXT, data, rsv=4)
    await lives(raw, "the connection to go on after a compressed message")
    raw = await lab.deflating()
    await raw.frame(TEXT, data[:5], rsv=4, fin=False)
    await raw.frame(CONTINUATION, data[5:])
    await lives(raw, "the connection to go on after a compressed message in fragments")
    raw = await lab.deflating()
    await raw.frame(TEXT, b"\x00", rsv=4)
    await lives(raw, "the connection to go on after an empty compressed message")


@check("RFC-DEFL-06")
async def a_message_may_stay_uncompressed(lab: WireLab) -> None:
    """6.1."""
    raw = await lab.deflating()
    await raw.frame(TEXT, b'{"a": 1}')
    await lives(raw, "the connection to go on after a message that is not compressed")


@check("RFC-DEFL-07")
async def the_clients_messages_may_build_on_each_other(lab: WireLab) -> None:
    """7.2.2: unless client_no_context_takeover was agreed on."""
    raw, _, agreed = await _agreed(lab, DEFLATE)
    if DEFLATE not in agreed or "client_no_context_takeover" in agreed:
        raise Unobserved("no message may build on the one before")
    compressor = zlib.compressobj(wbits=-15)
    text = b'{"a": "%s"}' % raw.chance.randbytes(200).hex().encode()
    for _ in range(2):
        await raw.frame(TEXT, deflated(text, compressor), rsv=4)
    await lives(raw, "the connection to go on after a message that builds on the one before")


@check("RFC-DEFL-08")
async def data_that_is_not_deflated_fails_the_connection(lab: WireLab) -> None:
    """6.2, 7.2.2."""
    raw = await lab.deflating()
    await raw.frame(TEXT, b"\xff\xff\xff\xff\xff", rsv=4)
    await fails(raw, "the connection to end after data that cannot be inflated")


@check("RFC-DEFL-09")
async def the_bit_of_compression_belongs_to_the_first_fragment(lab: WireLab) -> None:
    """6.1."""
    raw = await lab.deflating()
    data = deflated(b'{"a": 1}')
    await raw.frame(TEXT, data[:3], rsv=4, fin=False)
    await raw.frame(CONTINUATION, data[3:], rsv=4)
    await fails(raw, "the connection to end after RSV1 on a continuation")


@check("RFC-DEFL-10")
async def a_compressed_control_frame_fails_the_connection(lab: WireLab) -> None:
    """6.1."""
    raw = await lab.deflating()
    await raw.frame(PING, b"bits", rsv=4)
    await fails(raw, "the connection to end after a ping with RSV1")


@check("RFC-DEFL-11")
async def text_is_judged_after_it_is_inflated(lab: WireLab) -> None:
    """6.2; RFC 6455, 8.1."""
    raw = await lab.deflating()
    await raw.frame(TEXT, deflated(b'{"a": "\xff"}'), rsv=4)
    await fails(raw, "the connection to end after compressed text that is not UTF-8")


@check("RFC-DEFL-12", lasts_s=10.0)
async def a_zip_bomb_harms_nobody_else(lab: WireLab) -> None:
    """RFC 6455, 10.4: limits are the server's own affair, as long as it still serves."""
    raw = await lab.deflating()
    await raw.frame(TEXT, deflated(b"\x20" * BOMB_BYTES), rsv=4)
    await raw.until()
    other = await lab.raw()
    await lives(other, "another connection to be served")
