"""The opening handshake, where aiohttp is more lenient than RFC 6455 or says too little."""

from __future__ import annotations

import base64
import binascii

from aiohttp import web

VERSION = "13"


def refusal(request: web.Request) -> web.Response | None:
    """Why this request opens no WebSocket connection (RFC 6455, 4.2.1), as the answer to it; None when it does."""
    if request.method != "GET":
        text = f"{request.path} is a WebSocket endpoint: it wants GET with an upgrade, not {request.method}.\n"
        return web.Response(status=405, text=text, headers={"Allow": "GET"})
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


def _lists(header: str | None, word: str) -> bool:
    return word in [each.strip().lower() for each in (header or "").split(",")]


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == 16
    except binascii.Error:
        return False
