"""The opening handshake, where aiohttp is more lenient than RFC 6455 or says too little."""

from __future__ import annotations

import base64
import binascii

from aiohttp import HttpVersion11, web

VERSION = "13"
MAX_BITS = 15  # Of the sliding window of deflate.
_BITS = frozenset(str(bits) for bits in range(8, MAX_BITS + 1))


def refusal(request: web.Request) -> web.Response | None:
    """Why this request opens no WebSocket connection (RFC 6455, 4.2.1), as the answer to it; None when it does."""
    if request.method != "GET":
        text = f"{request.path} is a WebSocket endpoint: it wants GET with an upgrade, not {request.method}.\n"
        return web.Response(status=405, text=text, headers={"Allow": "GET"})
    if request.version < HttpVersion11:
        return web.Response(status=505, text="A WebSocket handshake takes HTTP/1.1 or newer.\n")
    headers = request.headers
    if headers.get("Upgrade", "").strip().lower() != "websocket" or not _lists(headers.get("Connection"), "upgrade"):
        text = (
            f"{request.path} is a WebSocket endpoint: connect to it by ws://{request.host}{request.path}\n"
            f"(by hand: npx wscat -c ws://{request.host}{request.path}). A handshake has the headers\n"
            "Upgrade: websocket and Connection: Upgrade, which this request lacks.\n"
        )
        return web.Response(status=426, text=text, headers={"Upgrade": "websocket"})
    if headers.get("Sec-WebSocket-Version", "").strip() != VERSION:
        text = f"Sec-WebSocket-Version: {VERSION} was expected, found {headers.get('Sec-WebSocket-Version')!r}.\n"
        # RFC 6455, 4.4: the versions that would do are named.
        return web.Response(status=426, text=text, headers={"Sec-WebSocket-Version": VERSION, "Upgrade": "websocket"})
    if not _is_key(headers.get("Sec-WebSocket-Key", "")):
        return web.Response(status=400, text="Sec-WebSocket-Key: 16 bytes in base64 were expected.\n")
    return None


def deflate_bits(offers: str) -> int:
    """The window of the first offer of permessage-deflate that can be accepted (RFC 7692, 7.1); 0 for none.

    >>> deflate_bits("permessage-deflate; client_max_window_bits"), deflate_bits("x, permessage-deflate; x, deflate")
    (15, 0)
    >>> deflate_bits("permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=10")
    10
    """
    for offer in offers.split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        if name == "permessage-deflate" and (bits := _bits_of(parameters)):
            return bits
    return 0


def _bits_of(parameters: list[str]) -> int:
    """The server's window by the parameters of one offer; 0 when it must be declined."""
    pairs = [each.partition("=") for each in parameters]
    found = {name.strip(): value.strip().strip('"') for name, _, value in pairs}
    if len(found) < len(pairs):
        return 0
    for name, value in found.items():
        match name:
            case "server_no_context_takeover" | "client_no_context_takeover":
                good = value == ""
            case "client_max_window_bits":
                good = value in _BITS or value == ""
            case "server_max_window_bits":
                good = value in _BITS and value != "8"  # zlib knows no window of 8 bits.
            case _:
                good = False
        if not good:
            return 0
    return int(found.get("server_max_window_bits", MAX_BITS))


def _lists(header: str | None, word: str) -> bool:
    return word in [each.strip().lower() for each in (header or "").split(",")]


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == 16
    except binascii.Error:
        return False
