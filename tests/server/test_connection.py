"""Connections over real sockets: order, bounds, and every way in which they end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket as sockets
import struct

import pytest
import websockets

from harness.core.message import Frame, Opcode
from harness.server import connection

pytestmark = pytest.mark.socket

MAX_MESSAGE_BYTES = 1024 * 1024
HEARTBEAT = {"client_ts": "2024-01-15T10:30:30.123Z"}


def stage_of(mock):
    [driver] = mock.house.drivers.values()
    return driver.stage


async def eventually(holds) -> None:
    """Wait, a moment at most, until this holds."""
    async with asyncio.timeout(3):
        while not holds():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.005)


async def send_until_closed(ws, data, **options) -> None:
    """Send, which may fail half-way, and wait for the close that it earns."""
    with contextlib.suppress(websockets.ConnectionClosed):
        await ws.send(data, **options)
    await asyncio.wait_for(ws.wait_closed(), 3)


async def test_answers_come_in_the_order_of_their_requests(mock, trader):
    async with mock.client() as ws:
        client = trader(ws)
        await client.authenticate()
        stamps = [f"2024-01-15T10:30:30.{n:03d}Z" for n in range(100)]
        for stamp in stamps:
            await client.say("Heartbeat", client_ts=stamp)
        answers = [await client.hear("Heartbeat") for _ in stamps]
    assert [a["data"]["client_ts"] for a in answers] == stamps


async def test_a_ping_is_answered_with_its_own_data(mock):
    async with mock.client() as ws:
        await asyncio.wait_for(await ws.ping(b"are you there"), 1)


async def test_a_close_of_the_client_is_answered_with_its_code(mock):
    ws = await mock.client()
    await ws.close(4321, "enough")
    assert (ws.close_code, ws.protocol.close_rcvd.code) == (4321, 4321)
    await eventually(lambda: not stage_of(mock).links)


async def test_the_server_reads_on_behind_a_close_until_the_client_ends_too(mock):
    reader, writer = await _upgraded(mock)
    writer.write(_masked(0x88, b"\x03\xe8"))
    assert await asyncio.wait_for(reader.read(), 3) == b"\x88\x02\x03\xe8"  # And the server's end.
    [each] = mock.server._connections
    writer.write(_masked(0x89, b"too late"))  # Which would earn a reset, had the server closed.
    assert not stage_of(mock).links
    assert mock.server._connections == {each}
    writer.close()
    await eventually(lambda: not mock.server._connections)


async def test_a_client_that_does_not_end_after_its_close_is_cut(mock, monkeypatch):
    monkeypatch.setattr(connection, "CLOSE_WAIT_S", 0.1)
    reader, writer = await _upgraded(mock)
    writer.write(_masked(0x88, b"\x03\xe8"))
    assert await asyncio.wait_for(reader.read(), 3) == b"\x88\x02\x03\xe8"
    await eventually(lambda: not mock.server._connections)
    writer.close()


async def test_a_close_without_a_code_is_answered_without_one(mock):
    reader, writer = await _upgraded(mock)
    writer.write(_masked(0x88, b""))
    assert await reader.readexactly(2) == b"\x88\x00"
    assert await reader.read() == b""


async def test_what_was_queued_before_a_close_arrives_before_it(mock, trader):
    async with mock.client() as ws:
        [each] = mock.server._connections
        for n in range(50):
            each.send(Frame(Opcode.TEXT, b"%d" % n))
        each.send(Frame(Opcode.CLOSE, code=4000, reason="over"))
        each.send(Frame(Opcode.TEXT, b"too late"))
        heard = [await ws.recv() for _ in range(50)]
        with pytest.raises(websockets.ConnectionClosed):
            await ws.recv()
    assert heard == [str(n) for n in range(50)]
    assert (ws.close_code, ws.close_reason) == (4000, "over")


async def test_what_was_queued_before_a_cut_arrives_and_no_close_frame(mock):
    async with mock.client() as ws:
        [each] = mock.server._connections
        each.send(Frame(Opcode.TEXT, b"last words"))
        each.hang_up()
        assert await ws.recv() == "last words"
        with pytest.raises(websockets.ConnectionClosedError):
            await ws.recv()
    assert ws.close_code == 1006


async def test_a_client_that_vanishes_is_noticed(mock):
    ws = await mock.client()
    [link] = stage_of(mock).links
    ws.transport.abort()
    await eventually(lambda: not stage_of(mock).links)
    assert link.session.ended


async def test_a_client_that_resets_is_noticed(mock):
    _, writer = await _upgraded(mock)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    await eventually(lambda: not stage_of(mock).links)


async def test_a_client_that_never_answers_a_close_is_cut(mock, monkeypatch):
    monkeypatch.setattr(connection, "CLOSE_WAIT_S", 0.1)
    reader, _writer = await _upgraded(mock)
    [driver] = mock.house.drivers.values()
    driver.close_all(1012, "restarting")
    assert (await reader.readexactly(4))[2:] == (1012).to_bytes(2, "big")
    await eventually(lambda: not mock.server._connections)


async def test_a_slow_reader_is_cut_and_delays_nobody(mock, trader, monkeypatch, caplog):
    monkeypatch.setattr(connection, "MAX_WAITING_BYTES", 100_000)
    monkeypatch.setattr(connection, "CLOSE_WAIT_S", 0.1)
    _, writer = await _upgraded(mock)
    [slow] = mock.server._connections
    async with mock.client() as ws:
        client = trader(ws)
        await client.authenticate()
        for _ in range(1000):  # The buffers of the system take the first megabytes.
            slow.send(Frame(Opcode.TEXT, b"x" * 50_000))
            await asyncio.sleep(0)
            if slow not in mock.server._connections:
                break
        await client.say("Heartbeat", **HEARTBEAT)
        await client.hear("Heartbeat")
        await eventually(lambda: slow not in mock.server._connections)
    assert [r.getMessage() for r in caplog.records if "reads too slowly: cut" in r.getMessage()] != []
    writer.close()


async def test_too_many_waiting_frames_cut_the_client_too_and_it_is_told_why_if_it_reads_on(mock, monkeypatch, caplog):
    monkeypatch.setattr(connection, "MAX_WAITING_FRAMES", 100)
    async with mock.client() as ws:
        [each] = mock.server._connections
        each._protocol.pause_writing()  # As the transport does when the client reads nothing.
        for _ in range(101):
            each.send(Frame(Opcode.TEXT, b"{}"))
        await asyncio.sleep(0)
        each._protocol.resume_writing()
        await asyncio.wait_for(ws.wait_closed(), 3)
    assert (ws.close_code, ws.close_reason) == (1013, "reads too slowly")
    assert sum("reads too slowly: cut with 101 frames" in r.getMessage() for r in caplog.records) == 1


async def test_a_client_that_is_cut_as_too_slow_and_reads_nothing_more_is_gone_soon(mock, monkeypatch):
    monkeypatch.setattr(connection, "MAX_WAITING_FRAMES", 100)
    monkeypatch.setattr(connection, "CLOSE_WAIT_S", 0.05)
    async with mock.client() as ws:
        [each] = mock.server._connections
        each._protocol.pause_writing()
        for _ in range(101):
            each.send(Frame(Opcode.TEXT, b"{}"))
        await asyncio.wait_for(ws.wait_closed(), 3)
    assert ws.close_code == 1006
    await eventually(lambda: not mock.server._connections)


async def test_what_waits_for_a_client_that_reads_again_arrives_whole_and_in_order(mock):
    async with mock.client() as ws:
        [each] = mock.server._connections
        each._protocol.pause_writing()
        for n in range(900):
            each.send(Frame(Opcode.TEXT, b"%d" % n))
        await asyncio.sleep(0.01)
        each._protocol.resume_writing()
        assert [await ws.recv() for _ in range(900)] == [str(n) for n in range(900)]


async def test_a_flood_of_requests_in_one_read_is_answered_whole(mock):
    reader, writer = await _upgraded(mock)
    writer.write(_masked(0x89, b"ping") * 5000)
    answers = await asyncio.wait_for(reader.readexactly(6 * 5000), 5)
    assert answers == b"\x8a\x04ping" * 5000
    writer.close()


async def test_a_message_of_a_mebibyte_is_read(mock):
    async with mock.client() as ws:
        await ws.send("x" * MAX_MESSAGE_BYTES)
        assert json.loads(await ws.recv())["data"]["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES + 1, 5_000_000])
async def test_a_larger_one_closes_with_1009(mock, size):
    async with mock.client() as ws:
        await send_until_closed(ws, "x" * size)
    assert ws.protocol.close_rcvd.code == 1009
    await eventually(lambda: not stage_of(mock).links)


async def test_a_small_message_that_inflates_beyond_the_limit_closes_with_1009(mock):
    async with mock.client(compression="deflate") as ws:
        await send_until_closed(ws, "x" * (MAX_MESSAGE_BYTES + 1))
    assert ws.protocol.close_rcvd.code == 1009


async def test_text_that_is_not_utf8_closes_with_1007(mock):
    async with mock.client() as ws:
        await send_until_closed(ws, b'{"type": "\xff"}', text=True)
    assert ws.protocol.close_rcvd.code == 1007


async def test_a_reserved_opcode_closes_with_1002(mock):
    reader, writer = await _upgraded(mock)
    writer.write(_masked(0x83, b"?"))
    head = await reader.readexactly(2)
    assert (head[0], await reader.readexactly(2)) == (0x88, (1002).to_bytes(2, "big"))
    await reader.read()
    writer.close()
    await eventually(lambda: not mock.server._connections)


async def test_after_a_breach_nothing_more_is_taken(mock):
    reader, writer = await _upgraded(mock)
    [link] = stage_of(mock).links
    writer.write(_masked(0x81, b"\xff") + _masked(0x81, b"{}") + _masked(0x88, b""))
    await reader.read()
    assert link.conversation.sent() == []


@pytest.mark.parametrize(("offer", "used"), [("deflate", True), (None, False)])
async def test_permessage_deflate_is_used_when_it_is_offered(mock, trader, offer, used):
    async with mock.client(compression=offer) as ws:
        await trader(ws).authenticate()
        [link] = stage_of(mock).links
        assert (bool(ws.protocol.extensions), link.request.deflate) == (used, used)


async def test_no_token_is_ever_logged(mock, trader, caplog):
    caplog.set_level(logging.DEBUG)
    async with mock.client("?token=secret-1", subprotocols=["secret-2"]) as ws:
        await trader(ws).authenticate("demo-user-77")
    async with mock.client(additional_headers={"Authorization": "Bearer secret-3"}) as ws:
        await ws.send('{"type": "Auth", "data": {"token": "secret-4')
        await ws.recv()
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("websockets")]
    assert sum("opened from 127.0.0.1" in line for line in ours) == 2
    assert [line for line in ours if "secret" in line or "demo-user-77" in line] == []


async def test_a_hundred_clients_come_and_go(mock, trader):
    async def visit(n):
        async with mock.client() as ws:
            await trader(ws).authenticate(f"demo-user-{n}")

    await asyncio.gather(*(visit(n) for n in range(1, 101)))
    await eventually(lambda: not mock.server._connections)


async def _upgraded(mock) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of bare bytes, past its handshake."""
    reader, writer = await asyncio.open_connection("127.0.0.1", mock.port)
    writer.write(
        b"GET /artifact/v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def _masked(first: int, payload: bytes) -> bytes:
    """A short client frame; a mask of zeros leaves the payload as it is."""
    return bytes([first, 0x80 | len(payload), 0, 0, 0, 0]) + payload


async def test_compressed_clients_share_frames_and_get_their_own_between_them(mock):
    async with mock.client(compression="deflate") as one, mock.client(compression="deflate") as other:
        first, second = sorted(mock.server._connections, key=lambda each: each.name)
        news = [b"%d" % n * 2000 for n in range(20)]
        for n, text in enumerate(news):
            shared = Frame(Opcode.TEXT, text)
            first.send(shared)
            if n % 3 == 0:
                first.send(Frame(Opcode.TEXT, b"for the first alone" * 50))
            second.send(shared)
        heard = [[(await ws.recv(decode=False)) for _ in range(count)] for ws, count in ((one, 27), (other, 20))]
    assert [text for text in heard[0] if b"alone" not in text] == heard[1] == news


@pytest.mark.parametrize("code", [1004, 1005, 1006, 1015, 2999, 5000, 65535])
async def test_a_close_code_that_nobody_may_send_is_no_good_and_never_echoed(mock, code):
    reader, writer = await _upgraded(mock)
    writer.write(_masked(0x88, code.to_bytes(2, "big")))
    head = await reader.readexactly(4)
    assert (head[0], head[2:]) == (0x88, (1002).to_bytes(2, "big"))
    writer.close()
    await eventually(lambda: not mock.server._connections)


@pytest.mark.parametrize("code", [1000, 1001, 1014, 3000, 4999])
async def test_every_other_close_code_is_answered_by_itself(mock, code):
    reader, writer = await _upgraded(mock)
    writer.write(_masked(0x88, code.to_bytes(2, "big")))
    assert await reader.readexactly(4) == b"\x88\x02" + code.to_bytes(2, "big")
