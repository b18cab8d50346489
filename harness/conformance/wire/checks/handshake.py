"""RFC 6455, 4: the opening handshake."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from harness.conformance.check import Unobserved, check, expect
from harness.conformance.wire.lab import WireLab, lives
from harness.conformance.wire.raw import Raw, Response, accept_of

SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # That of RFC 6455, 1.3.


async def _shaken(lab: WireLab, changes: Mapping[str, str | None] | None = None) -> tuple[Raw, Response]:
    raw = await lab.bare()
    response = await raw.shake(raw.request(changes))
    if response is None or response.status != 101:
        raise Unobserved(f"the handshake is refused: {response}")
    return raw, response


async def _refused(
    lab: WireLab,
    expected: str,
    changes: Mapping[str, str | None] | None = None,
    method: str = "GET",
    version: str = "HTTP/1.1",
) -> None:
    raw = await lab.bare()
    response = await raw.shake(raw.request(changes, method=method, version=version))
    expect(response is None or response.status != 101, expected, response)


@check("RFC-HAND-01")
async def the_answer_upgrades(lab: WireLab) -> None:
    """4.2.2, 5."""
    raw = await lab.bare()
    response = await raw.shake(raw.request())
    expect(response is not None and response.status == 101, "status 101", response)
    assert response is not None
    expect(response.tokens("upgrade") == ["websocket"], "the header Upgrade: websocket", response)
    expect("upgrade" in response.tokens("connection"), "Upgrade in the header Connection", response)


@check("RFC-HAND-02")
async def the_accept_key_is_computed(lab: WireLab) -> None:
    """4.2.2, 5.4; for the sample of the RFC and for another key."""
    for key in (SAMPLE_KEY, base64.b64encode(lab.chance.randbytes(16)).decode()):
        _, response = await _shaken(lab, {"Sec-WebSocket-Key": key})
        expect(response.all("sec-websocket-accept") == [accept_of(key)], f"accept key {accept_of(key)}", response)


@check("RFC-HAND-03")
async def names_and_words_of_headers_have_no_case(lab: WireLab) -> None:
    """4.2.1."""
    raw = await lab.bare()
    request = raw.request({"Upgrade": "WebSocket", "Connection": "keep-alive, UPGRADE"})
    response = await raw.shake(request.replace(b"Sec-WebSocket-Key", b"sec-websocket-KEY"))
    expect(response is not None and response.status == 101, "status 101 whatever the case of letters", response)


@check("RFC-HAND-04")
async def another_version_is_refused(lab: WireLab) -> None:
    """4.2.1, 6."""
    for version in ("8", "14", "0"):
        await _refused(lab, f"no status 101 for version {version}", {"Sec-WebSocket-Version": version})


@check("RFC-HAND-05")
async def the_refusal_of_a_version_names_the_right_one(lab: WireLab) -> None:
    """4.4."""
    raw = await lab.bare()
    response = await raw.shake(raw.request({"Sec-WebSocket-Version": "14"}))
    versions = response.tokens("sec-websocket-version") if response else []
    expect("13" in versions, "the header Sec-WebSocket-Version: 13 in the refusal", response)


@check("RFC-HAND-06")
async def a_missing_version_is_refused(lab: WireLab) -> None:
    """4.2.1, 6."""
    await _refused(lab, "no status 101 without Sec-WebSocket-Version", {"Sec-WebSocket-Version": None})


@check("RFC-HAND-07")
async def a_missing_key_is_refused(lab: WireLab) -> None:
    """4.2.1, 5."""
    await _refused(lab, "no status 101 without Sec-WebSocket-Key", {"Sec-WebSocket-Key": None})


@check("RFC-HAND-08")
async def a_key_of_other_than_16_bytes_is_refused(lab: WireLab) -> None:
    """4.2.1, 5."""
    for key in ("c2hvcnQ=", "!!!!", ""):
        await _refused(lab, "no status 101 for a key that is not 16 bytes in base64", {"Sec-WebSocket-Key": key})


@check("RFC-HAND-09")
async def another_method_is_refused(lab: WireLab) -> None:
    """4.2.1, 1."""
    await _refused(lab, "no status 101 for POST", method="POST")


@check("RFC-HAND-10")
async def an_older_http_is_refused(lab: WireLab) -> None:
    """4.2.1, 1."""
    await _refused(lab, "no status 101 for HTTP/1.0", version="HTTP/1.0")


@check("RFC-HAND-11")
async def a_request_without_upgrade_is_none(lab: WireLab) -> None:
    """4.2.1, 3."""
    await _refused(lab, "no status 101 without Upgrade", {"Upgrade": None})
    await _refused(lab, "no status 101 for Upgrade: h2c", {"Upgrade": "h2c"})


@check("RFC-HAND-12")
async def a_request_without_connection_is_none(lab: WireLab) -> None:
    """4.2.1, 4."""
    await _refused(lab, "no status 101 without Connection: Upgrade", {"Connection": "keep-alive"})


@check("RFC-HAND-13")
async def no_subprotocol_is_selected_that_was_not_offered(lab: WireLab) -> None:
    """4.2.2, 5.5."""
    _, response = await _shaken(lab)
    expect(response.all("sec-websocket-protocol") == [], "no subprotocol where none is offered", response)
    raw = await lab.bare()
    offered = await raw.shake(raw.request({"Sec-WebSocket-Protocol": "x-unheard-of, x-neither"}))
    if offered is not None and offered.status == 101:
        selected = offered.all("sec-websocket-protocol")
        expect(selected in ([], ["x-unheard-of"], ["x-neither"]), "one of the offered subprotocols, or none", offered)


@check("RFC-HAND-14")
async def no_extension_is_agreed_on_that_was_not_offered(lab: WireLab) -> None:
    """4.2.2, 5.6; 9.1."""
    _, response = await _shaken(lab)
    expect(response.all("sec-websocket-extensions") == [], "no extension where none is offered", response)


@check("RFC-HAND-15")
async def an_unknown_extension_is_passed_over(lab: WireLab) -> None:
    """9.1."""
    raw = await lab.bare()
    response = await raw.shake(raw.request({"Sec-WebSocket-Extensions": "x-unheard-of; level=9"}))
    expect(response is not None and response.status == 101, "status 101 in spite of an unknown extension", response)
    assert response is not None
    expect("x-unheard-of" not in response.one("sec-websocket-extensions"), "the extension not agreed on", response)


@check("RFC-HAND-16")
async def a_handshake_may_come_in_pieces(lab: WireLab) -> None:
    """4.2.1: HTTP comes over TCP, which knows no messages."""
    raw = await lab.bare()
    request = raw.request()
    await raw.send(*(request[n : n + 7] for n in range(0, len(request) - 7, 7)))
    response = await raw.shake(request[len(range(0, len(request) - 7, 7)) * 7 :])
    expect(response is not None and response.status == 101, "status 101 for a handshake in pieces", response)
    await lives(raw, "the connection to go on")
