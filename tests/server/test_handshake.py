"""What whoever knocks wrongly is told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
import websockets

from harness import protocols
from harness.core.http import HttpReply

pytestmark = pytest.mark.socket

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def test_the_root_tells_where_to_connect(mock):
    status, headers, text = await mock.request("GET", "/")
    assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert mock.url() in text


async def test_another_path_is_not_found_and_the_right_ones_are_listed(mock):
    for headers in ({}, UPGRADE):
        status, _, text = await mock.request("GET", "/nowhere", headers=headers)
        assert (status, mock.url() in text) == (404, True)


async def test_plain_http_on_a_websocket_path_is_told_to_upgrade(mock):
    status, headers, text = await mock.request("GET", "/artifact/v1")
    assert (status, headers["Upgrade"]) == (426, "websocket")
    assert f"wscat -c {mock.url()}" in text


@pytest.mark.parametrize("connection", ["keep-alive", "close", ""])
async def test_an_upgrade_without_its_connection_header_is_told_so(mock, connection):
    status, _, _ = await mock.request("GET", "/artifact/v1", headers={**UPGRADE, "Connection": connection})
    assert status == 426


@pytest.mark.parametrize("version", ["", "8", "12", "14", "13, 8", "thirteen"])
async def test_another_version_is_answered_with_the_one_we_speak(mock, version):
    status, headers, _ = await mock.request(
        "GET", "/artifact/v1", headers={**UPGRADE, "Sec-WebSocket-Version": version}
    )
    assert (status, headers["Sec-WebSocket-Version"]) == (426, "13")


@pytest.mark.parametrize("key", ["", "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZSEh", "****************"])
async def test_a_key_that_is_not_sixteen_bytes_is_a_bad_request(mock, key):
    status, _, text = await mock.request("GET", "/artifact/v1", headers={**UPGRADE, "Sec-WebSocket-Key": key})
    assert status == 400
    assert "Sec-WebSocket-Key" in text


async def test_another_method_is_not_allowed(mock):
    status, headers, _ = await mock.request("POST", "/artifact/v1", headers=UPGRADE)
    assert (status, headers["Allow"]) == (405, "GET")


async def test_a_handshake_whose_client_has_left_is_forgotten(mock):
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", mock.port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
        writer.write(f"GET /artifact/v1 HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
        writer.transport.abort()
    status, _, _ = await mock.request("GET", "/")
    assert status == 200


def two_at_most(world, rules, request, now):
    inside = sum(len(account.connections) for account in world.accounts.values())
    return HttpReply({"code": "RATE_LIMIT", "path": request.path}, 429) if inside >= 2 else None


async def test_a_protocol_may_refuse_handshakes_by_status_and_json(serving, trader):
    async with serving(replace(protocols.load("skybit"), admit=two_at_most)) as mock:
        async with mock.client() as one, mock.client() as two:
            await trader(one).authenticate()
            await trader(two).authenticate()
            status, headers, text = await mock.request("GET", "/artifact/v1", headers=UPGRADE)
            assert (status, headers["Content-Type"]) == (429, "application/json")
            assert json.loads(text) == {"code": "RATE_LIMIT", "path": "/artifact/v1"}
            for _ in range(3):
                with pytest.raises(websockets.InvalidStatus):
                    await mock.client()
            [driver] = mock.house.drivers.values()
            assert len(driver.stage.links) == 2
        async with mock.client() as three:
            await trader(three).authenticate()


async def test_what_is_no_handshake_is_refused_before_a_protocol_is_asked(serving):
    async with serving(replace(protocols.load("skybit"), admit=lambda *_: HttpReply({}, 403))) as mock:
        assert (await mock.request("GET", "/artifact/v1"))[0] == 426
        assert (await mock.request("GET", "/artifact/v1?seed=many", headers=UPGRADE))[0] == 400
        assert (await mock.request("GET", "/artifact/v1", headers=UPGRADE))[0] == 403


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n", b"a b c d\r\n\r\n"])
async def test_what_is_no_http_gets_no_traceback(mock, garbage):
    reader, writer = await asyncio.open_connection("127.0.0.1", mock.port)
    writer.write(garbage)
    writer.write_eof()
    await asyncio.wait_for(reader.read(), 2)
    writer.close()
