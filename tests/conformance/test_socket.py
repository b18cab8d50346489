"""The transport over sockets, against small servers that each do one thing."""

import asyncio
import re
import struct

import pytest
from aiohttp import WSMsgType, web

from harness.conformance import budget, socket
from harness.conformance.check import Violation
from harness.conformance.peer import Offer, Peer, Refused
from harness.conformance.profile import ProfileError
from harness.conformance.socket import SocketOpener
from harness.conformance.wire.raw import accept_of
from harness.core.message import Frame, Opcode

pytestmark = pytest.mark.socket


@pytest.fixture
async def connect(aiohttp_server):
    """Opens a peer to a server whose connections are played by a coroutine function of its socket."""
    opener = SocketOpener()

    async def make(play, offer=None, **options):
        async def endpoint(request):
            ws = web.WebSocketResponse(autoping=False, **options)
            await ws.prepare(request)
            await play(ws)
            return ws

        app = web.Application()
        app.router.add_get("/", endpoint)
        server = await aiohttp_server(app)
        peer = Peer(opener, offer(str(server.make_url("/"))) if offer else Offer(str(server.make_url("/"))), 2.0)
        await peer.open()
        return peer

    yield make
    await opener.close()


async def echo(ws):
    async for message in ws:
        match message.type:
            case WSMsgType.TEXT:
                await ws.send_str(message.data)
            case WSMsgType.BINARY:
                await ws.send_bytes(message.data)
            case WSMsgType.PING:
                await ws.pong(message.data)


async def test_messages_go_both_ways(connect):
    peer = await connect(echo)
    sent = await peer.send({"type": "Hello"})
    assert await peer.receive("Hello") == sent
    assert [(e.sender, e.frame.opcode.name) for e in peer.conversation.entries] == [
        ("client", "TEXT"),
        ("server", "TEXT"),
    ]


async def test_binary_frames_and_pings_go_both_ways(connect):
    peer = await connect(echo)
    for opcode, answer in ((Opcode.BINARY, Opcode.BINARY), (Opcode.PING, Opcode.PONG)):
        await peer.send_frame(Frame(opcode, b"abc"))
        assert await peer.receive_frame(answer) == Frame(answer, b"abc")


@pytest.mark.parametrize("pongs", [True, False])
async def test_pings_of_the_server_are_answered_unless_the_offer_says_otherwise(pongs, connect):
    answers = []

    async def pings(ws):
        await ws.ping(b"there?")
        await ws.send_str("{}")
        answers.append((await ws.receive()).type)

    peer = await connect(pings, lambda url: Offer(url, pongs=pongs))
    await peer.receive_frame(Opcode.PING)
    await peer.receive()
    await peer.send_text("{}")
    await peer.closed()
    assert answers == [WSMsgType.PONG if pongs else WSMsgType.TEXT]


async def test_a_close_of_the_server_is_recorded_and_answered(connect):
    codes = []

    async def closes(ws):
        await ws.close(code=4001, message=b"enough")
        codes.append(ws.close_code)

    peer = await connect(closes)
    assert await peer.closed() == Frame(Opcode.CLOSE, code=4001, reason="enough")
    await asyncio.sleep(0)
    assert codes == [4001]


async def test_a_close_without_a_code_is_1005(connect):
    async def closes(ws):
        await ws._writer.send_frame(b"", WSMsgType.CLOSE)
        await ws.receive()

    assert (await (await connect(closes)).closed()).code == 1005


async def test_a_close_of_the_peer_is_a_handshake(connect):
    heard = []

    async def listens(ws):
        message = await ws.receive()
        heard.append((message.type, message.data))

    peer = await connect(listens, autoclose=True)
    await peer.close(1000)
    assert (await peer.closed()).code == 1000
    assert heard == [(WSMsgType.CLOSE, 1000)]


async def test_a_server_that_never_answers_a_close_is_left(connect, monkeypatch):
    monkeypatch.setattr(socket, "CLOSE_LIMIT_S", 0.05)

    async def sleeps(ws):
        await asyncio.sleep(0.5)

    peer = await connect(sleeps)
    await peer.close()
    assert (await peer.closed()).code == 1006


async def test_a_cut_connection_is_1006(connect):
    async def cuts(ws):
        ws._req.transport.abort()

    assert (await (await connect(cuts)).closed()).code == 1006


async def test_an_abort_reaches_the_server_as_no_close(connect):
    ended = asyncio.Event()
    heard = []

    async def listens(ws):
        try:
            heard.append((await ws.receive()).type)
        finally:
            ended.set()

    peer = await connect(listens)
    await peer.abort()
    await asyncio.wait_for(ended.wait(), 2)
    assert WSMsgType.CLOSE not in heard
    with pytest.raises(Violation, match="an open connection"):
        await peer.send({"type": "Hello"})


async def test_deflate_subprotocol_and_headers_are_negotiated(connect):
    peer = await connect(echo, lambda url: Offer(url, {"X-Team": "a"}, ("one", "two"), deflate=True), protocols=["two"])
    assert (peer.answer.status, peer.answer.subprotocol, peer.answer.deflate) == (101, "two", True)
    assert "permessage-deflate" in peer.answer.headers["Sec-WebSocket-Extensions"]
    await peer.send({"type": "Hello", "text": "x" * 10_000})
    await peer.receive("Hello")


async def test_deflate_is_not_negotiated_unless_offered(connect):
    assert not (await connect(echo)).answer.deflate


async def test_a_frame_that_breaks_the_rfc_ends_the_connection_and_is_noted(connect):
    async def breaks(ws):
        await ws._writer.send_frame(struct.pack("!H", 1004), WSMsgType.CLOSE)  # RFC 6455, 7.4.1: reserved
        await asyncio.sleep(0.05)

    peer = await connect(breaks)
    assert (await peer.closed()).code == 1006
    assert "broke RFC 6455" in peer.conversation.about["ended"]


async def test_a_flood_is_cut_off(connect, monkeypatch):
    monkeypatch.setattr(budget, "MAX_BYTES", 100 * budget.FRAME_BYTES)
    monkeypatch.setattr(budget, "FAIR_BYTES", 10 * budget.FRAME_BYTES)

    async def floods(ws):
        while not ws.closed:
            await ws.send_str("{}")
            await asyncio.sleep(0)  # The client runs on the same loop.

    peer = await connect(floods)
    assert (await peer.closed()).code == 1006
    assert 90 <= len(peer.conversation.entries) <= 100
    assert peer.conversation.about["cut off"] == "the server sends more than the suite records"


async def test_a_message_too_big_is_no_breach_of_the_rfc(connect, monkeypatch):
    monkeypatch.setattr(socket, "MAX_MESSAGE_BYTES", 1 << 20)

    async def shouts(ws):
        await ws.send_str("x" * (1 << 20) + "x")
        await ws.receive()

    peer = await connect(shouts)
    assert (await peer.closed()).code == 1006
    assert peer.conversation.about["cut off"] == "the server sends a message of more than 1 MiB"


async def test_a_server_that_reads_nothing_is_left(monkeypatch):
    monkeypatch.setattr(socket, "SEND_LIMIT_S", 0.05)

    async def shakes_hands(reader, writer):
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", await reader.readuntil(b"\r\n\r\n"))[1].decode()
        head = "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        writer.write(f"{head}{accept_of(key)}\r\n\r\n".encode())
        await asyncio.sleep(60)

    server = await asyncio.start_server(shakes_hands, "127.0.0.1", 0)
    peer = Peer(SocketOpener(), Offer(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"), 2.0)
    await peer.open()
    await peer.send_text("x" * 20_000_000)
    assert peer.is_lost
    server.close()


async def test_a_body_may_come_in_pieces_and_need_not_end(aiohttp_server, monkeypatch):
    monkeypatch.setattr(socket, "BODY_LIMIT_S", 0.2)

    async def dribbles(request):
        reply = web.StreamResponse()
        await reply.prepare(request)
        for piece in (b"one, ", b"two, "):
            await reply.write(piece)
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        return reply

    app = web.Application()
    app.router.add_get("/", dribbles)
    url = str((await aiohttp_server(app)).make_url("/")).replace("http", "ws")
    assert (await SocketOpener().http("GET", url, {}, b"")).body == "one, two, "


async def test_a_refused_handshake_keeps_status_headers_and_body(aiohttp_server):
    async def refuse(request):
        return web.Response(status=403, text="not you", headers={"X-Why": "you"})

    app = web.Application()
    app.router.add_get("/", refuse)
    server = await aiohttp_server(app)
    with pytest.raises(Refused) as raised:
        await Peer(SocketOpener(), Offer(str(server.make_url("/"))), 2.0).open()
    answer = raised.value.answer
    assert (answer.status, answer.headers["X-Why"], answer.body) == (403, "you", "not you")


@pytest.mark.parametrize(
    ("greeting", "told"),
    [
        (b"SSH-2.0-x\r\n", "."),
        (b"", "."),
        (None, "no answer to the opening handshake in 0.05 s"),
    ],
    ids=["other protocol", "hangs up", "says nothing"],
)
async def test_what_does_not_speak_http_is_an_oserror(greeting, told, monkeypatch):
    monkeypatch.setattr(socket, "HANDSHAKE_LIMIT_S", 0.05)

    async def serve(reader, writer):
        if greeting is not None:
            writer.write(greeting)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(OSError, match=told):
        await Peer(SocketOpener(), Offer(f"ws://127.0.0.1:{port}/"), 2.0).open()
    server.close()


async def test_nobody_there_is_an_oserror_in_plain_words():
    with pytest.raises(OSError, match=r"^Connect call failed"):
        await Peer(SocketOpener(), Offer("ws://127.0.0.1:1/"), 2.0).open()


async def test_a_plain_request_has_its_answer(aiohttp_server):
    async def login(request):
        return web.json_response({"token": (await request.json())["username"]}, status=201)

    app = web.Application()
    app.router.add_post("/login", login)
    url = str((await aiohttp_server(app)).make_url("/login")).replace("http", "ws")
    answer = await SocketOpener().http("POST", url, {"Content-Type": "application/json"}, b'{"username": "user"}')
    assert (answer.status, answer.body) == (201, '{"token": "user"}')


async def test_a_plain_request_to_nobody_is_an_oserror():
    with pytest.raises(OSError, match=r"refused|Connect"):
        await SocketOpener().http("GET", "ws://127.0.0.1:1/", {}, b"")


def test_a_ca_file_that_is_none_is_told(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ProfileError, match="expected certificates in PEM"):
        SocketOpener(str(tmp_path / "ca.pem"))
    with pytest.raises(ProfileError, match="No such file"):
        SocketOpener(str(tmp_path / "nothing.pem"))
