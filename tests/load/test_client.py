"""The client against servers that are written byte by byte, in the same process: gevent serves both."""

import random
import socket as plain_socket
import struct
from contextlib import contextmanager

import gevent
import pytest
import trustme
from gevent import socket, ssl
from gevent.event import Event
from gevent.server import StreamServer
from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

from harness.load import client as client_module
from harness.load import frames, tls
from harness.load.client import Client, NotConnected
from harness.load.sources import Sources

pytestmark = pytest.mark.socket

OPENED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n"


class Peer:
    """The server's end of a connection."""

    def __init__(self, connection):
        self.socket = connection
        self.data = b""

    def read_head(self):
        while b"\r\n\r\n" not in self.data:
            self.data += self.socket.recv(65536)
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        return dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])

    def open(self, behind=b"", **headers):
        key = self.read_head()["Sec-WebSocket-Key"]
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall((OPENED.format(accept_key(key)) + more + "\r\n").encode() + behind)

    def send(self, opcode, data=b"", fin=True):
        self.socket.sendall(frame(opcode, data, fin))

    def receive(self):
        """The next frame as (opcode, payload), or None at the end of the stream."""
        while True:
            found = parsed(self.data)
            if found:
                opcode, payload, self.data = found
                return opcode, payload
            more = self.socket.recv(65536)
            if not more:
                return None
            self.data += more


def frame(opcode, data=b"", fin=True):
    return Frame(opcode, data, fin).serialize(mask=False)


def parsed(data):
    if len(data) < 2:
        return None
    size, at = data[1] & 0x7F, 2
    assert data[1] & 0x80, "a client's frames are masked"
    if size > 125:
        at = 4 if size == 126 else 10
        size = int.from_bytes(data[2:at], "big")
    end = at + 4 + size
    if len(data) < end:
        return None
    return data[0] & 0x0F, frames.apply_mask(data[at + 4 : end], data[at : at + 4]), data[end:]


class Listener:
    """What a client tells."""

    def __init__(self):
        self.messages = []
        self.ends = []
        self.ended = Event()

    def message(self, text, arrived_s):
        self.messages.append(text)

    def close(self, code, reason):
        self.ends.append((code, reason))
        self.ended.set()


@contextmanager
def served(script, **options):
    """A server that plays `script(peer)` with each connection; its port."""
    server = StreamServer(("127.0.0.1", 0), lambda connection, _: script(Peer(connection)), **options)
    server.start()
    try:
        yield server.server_port
    finally:
        server.stop()


def connected(port, scheme="ws", host="127.0.0.1", **options):
    listener = Listener()
    client = Client(listener.message, listener.close)
    client.connect(f"{scheme}://{host}:{port}/", {}, 5.0, **options)
    return client, listener


def end_of(script, **options):
    """What a client has heard when `script` has been played, and how its connection ended."""
    with served(script) as port:
        _, listener = connected(port, **options)
        assert listener.ended.wait(5)
        (end,) = listener.ends
        return listener.messages, end


def test_messages_come_whole_in_order_and_as_they_were_sent():
    def script(peer):
        peer.open(behind=frame(Opcode.TEXT, b"first"))
        peer.send(Opcode.TEXT, b"sec", fin=False)
        peer.send(Opcode.PING, b"between")
        peer.send(Opcode.CONT, b"ond")
        for byte in frame(Opcode.TEXT, "d\u00e4".encode()):
            peer.socket.sendall(bytes((byte,)))
            gevent.sleep(0)
        peer.send(Opcode.BINARY, b"x" * 70_000)
        assert peer.receive() == (Opcode.PONG, b"between")
        peer.send(Opcode.CLOSE, struct.pack("!H", 4001) + b"enough")
        assert peer.receive() == (Opcode.CLOSE, struct.pack("!H", 4001))

    messages, end = end_of(script)
    assert messages == [b"first", b"second", "d\u00e4".encode(), b"x" * 70_000]
    assert end == (4001, "enough")


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_what_is_sent_is_masked_and_whole(size):
    text = random.Random(size).randbytes(size)
    seen = []

    def script(peer):
        peer.open()
        seen.append(peer.receive())
        peer.send(Opcode.CLOSE)

    with served(script) as port:
        client, listener = connected(port)
        client.send(text)
        assert listener.ended.wait(5)
    assert seen == [(Opcode.TEXT, text)]
    assert listener.ends == [(1005, "")]
    assert len({frames.masked(Opcode.TEXT, b"same") for _ in range(100)}) == 100


def test_the_answer_to_a_ping_is_told():
    def script(peer):
        peer.open()
        assert peer.receive() == (Opcode.PING, b"7")
        peer.send(Opcode.PONG, b"7")
        peer.receive()

    told, ponged = [], Event()

    def on_pong(data, arrived_s):
        told.append(data)
        ponged.set()

    with served(script) as port:
        client = Client(lambda *_: None, lambda *_: None, on_pong=on_pong)
        client.connect(f"ws://127.0.0.1:{port}/", {}, 5.0)
        client.ping(b"7")
        assert ponged.wait(5)
        client.close()
    assert told == [b"7"]
    with pytest.raises(ConnectionResetError):
        client.ping(b"8")


def test_closing_waits_for_the_server_and_then_nothing_can_be_sent():
    seen = []

    def script(peer):
        peer.open()
        seen.append(peer.receive())
        peer.send(Opcode.CLOSE, struct.pack("!H", 1000))

    with served(script) as port:
        client, listener = connected(port)
        assert client.is_open
        client.close()
        assert listener.ends == [(1000, "")]
        assert not client.is_open
        with pytest.raises(ConnectionResetError):
            client.send(b"late")
        client.close()
    assert seen == [(Opcode.CLOSE, struct.pack("!H", 1000))]
    assert len(listener.ends) == 1


def test_a_server_that_does_not_close_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(client_module, "LINGER_S", 0.05)
    never = Event()

    def asks_and_stays(peer):
        peer.open()
        peer.send(Opcode.CLOSE, struct.pack("!H", 1001))
        never.wait()

    def stays(peer):
        peer.open()
        never.wait()

    try:
        assert end_of(asks_and_stays) == ([], (1001, ""))
        with served(stays) as port:
            client, listener = connected(port)
            client.close(timeout_s=0.05)
            assert listener.ends == [(1006, "")]
    finally:
        never.set()


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        (b"\xf1\x00", 1002, "closed by us"),  # Reserved bits.
        (b"\x83\x00", 1002, "closed by us"),  # An opcode that does not exist.
        (b"\x80\x00", 1002, "closed by us"),  # Goes on with nothing.
        (b"\x81\x02\xff\xfe", 1007, "no UTF-8"),
        (b"\x81\x7f" + (1 << 40).to_bytes(8, "big"), 1009, "exceeds limit"),
        (frame(Opcode.CLOSE, b"\x00\x05"), 1002, "Invalid close code"),
    ],
)
def test_a_server_that_breaks_the_protocol_is_told_the_code_and_cut(sent, code, words):
    answers, answered = [], Event()

    def script(peer):
        peer.open()
        peer.socket.sendall(sent)
        answers.append(peer.receive())
        answered.set()

    _, (ended, reason) = end_of(script)
    assert answered.wait(5)
    assert ended == code
    assert words in reason
    assert answers == [(Opcode.CLOSE, struct.pack("!H", code))]


@pytest.mark.parametrize("abruptly", [False, True])
def test_a_connection_that_was_cut_has_code_1006(abruptly):
    def script(peer):
        peer.open()
        peer.send(Opcode.TEXT, b"last words")
        if abruptly:
            gevent.sleep(0.02)
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.socket.close()

    assert end_of(script) == ([b"last words"], (1006, ""))


def test_what_is_cut_reaches_the_server_as_a_reset():
    seen, over = [], Event()

    def script(peer):
        peer.open()
        try:
            seen.append(peer.receive())
        except ConnectionResetError:
            seen.append("reset")
        over.set()

    with served(script) as port:
        client, listener = connected(port)
        client.cut()
        assert over.wait(5)
    assert seen == ["reset"]
    assert listener.ends == [(1006, "")]


def test_what_a_slow_server_does_not_take_waits_and_comes_whole():
    texts = [bytes((65 + number % 26,)) * 60_000 for number in range(15)]
    seen, go = [], Event()

    def script(peer):
        peer.open()
        go.wait()
        seen.extend(peer.receive()[1] for _ in texts)
        peer.send(Opcode.CLOSE)

    with served(script) as port:
        client, listener = connected(port)
        client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        for text in texts:
            client.send(text)
        assert client._unsent
        go.set()
        assert listener.ended.wait(5)
    assert seen == texts


def test_a_server_that_never_reads_is_cut_and_that_is_told():
    go = Event()

    def script(peer):
        peer.open()
        go.wait()

    with served(script) as port:
        client, listener = connected(port)
        with pytest.raises(ConnectionResetError, match="does not read"):
            client.send(b"x" * 32_000_000)
        go.set()
    ((code, reason),) = listener.ends
    assert code == 1006
    assert "the server does not read" in reason


def test_a_connection_that_is_flooded_leaves_another_its_turn():
    many = 20_000

    def script(peer):
        peer.open()
        if peer.receive() == (Opcode.TEXT, b"flood me"):
            peer.socket.sendall(frame(Opcode.TEXT, b"x" * 1000) * many)
        else:
            peer.send(Opcode.TEXT, b"your turn")

    with served(script) as port:
        (flooded, much), (quiet, little) = connected(port), connected(port)
        flooded.send(b"flood me")
        while not much.messages:
            gevent.sleep(0)
        quiet.send(b"me too")
        while not little.messages:
            gevent.sleep(0)
        assert little.messages == [b"your turn"]
        assert 0 < len(much.messages) < many
        flooded.cut()
        quiet.cut()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "the server refuses the handshake with status 403"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "the server refuses the handshake with status 200"),
        (b"+PONG\r\n", "the handshake fails"),
        (b"", "the handshake fails"),
        (OPENED.format("wrong").encode() + b"\r\n", "the handshake fails"),
    ],
)
def test_a_handshake_that_fails_says_why(answer, words):
    def script(peer):
        peer.read_head()
        peer.socket.sendall(answer)

    with served(script) as port, pytest.raises(NotConnected, match=words):
        connected(port)


def test_a_server_that_does_not_answer_is_given_up():
    never = Event()
    with served(lambda peer: never.wait()) as port:
        client = Client(lambda *_: None, lambda *_: None)
        with pytest.raises(NotConnected, match=r"no answer within 0\.05 s"):
            client.connect(f"ws://127.0.0.1:{port}/", {}, 0.05)
        never.set()
    assert not client.is_open


def test_subprotocols_and_headers_are_sent():
    heads = []

    def script(peer):
        heads.append(peer.read_head())
        key = heads[0]["Sec-WebSocket-Key"]
        peer.socket.sendall((OPENED.format(accept_key(key)) + "Sec-WebSocket-Protocol: b\r\n\r\n").encode())
        peer.receive()

    with served(script) as port:
        client = Client(lambda *_: None, lambda *_: None)
        client.connect(f"ws://127.0.0.1:{port}/", {"Authorization": "Bearer me"}, 5.0, subprotocols=["a", "b"])
        client.abort()
    assert heads[0]["Authorization"] == "Bearer me"
    assert heads[0]["Sec-WebSocket-Protocol"] == "a, b"
    assert "Sec-WebSocket-Extensions" not in heads[0]


def test_messages_are_inflated_where_deflate_was_agreed_on():
    import zlib

    squeeze = zlib.compressobj(wbits=-15)

    def deflated(text):
        return (squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def script(peer):
        peer.open(Sec_WebSocket_Extensions="permessage-deflate")
        for _ in range(2):  # The second refers to the first.
            data = deflated(b"again and again")
            peer.socket.sendall(bytes((0xC1, len(data))) + data)
        peer.send(Opcode.CLOSE)

    assert end_of(script, deflate=True)[0] == [b"again and again"] * 2


def test_over_tls_nothing_is_left_lying(monkeypatch, tmp_path):
    """Many records in one write, one message over many records, and an end in good order."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    seen = []

    def script(peer):
        peer.open(behind=frame(Opcode.TEXT, b"first"))
        for number in range(50):
            peer.send(Opcode.TEXT, b"%d" % number)
        peer.send(Opcode.TEXT, b"y" * 300_000)
        seen.append(peer.receive())
        peer.send(Opcode.CLOSE, struct.pack("!H", 1000))
        peer.receive()

    tls._context.cache_clear()
    try:
        with served(script, ssl_context=context) as port:
            client, listener = connected(port, "wss", "localhost")
            client.send(b"z" * 100_000)
            assert listener.ended.wait(5)
            with pytest.raises(NotConnected, match="CERTIFICATE_VERIFY_FAILED"):
                connected(port, "wss", "127.0.0.1")
    finally:
        tls._context.cache_clear()
    assert listener.messages == [b"first", *(b"%d" % number for number in range(50)), b"y" * 300_000]
    assert seen == [(Opcode.TEXT, b"z" * 100_000)]
    assert listener.ends == [(1000, "")]


def test_connections_come_from_the_addresses_that_were_named_in_turn():
    peers = []

    def script(peer):
        peers.append(peer.socket.getpeername()[0])
        peer.open()
        peer.receive()

    sources = Sources(["127.0.0.2", "127.0.0.3"])
    with served(script) as port:
        for _ in range(4):
            client = Client(lambda *_: None, lambda *_: None, sources)
            client.connect(f"ws://127.0.0.1:{port}/", {}, 5.0)
            client.close()
    assert peers == ["127.0.0.2", "127.0.0.3"] * 2


def test_a_wrong_url_is_told():
    with pytest.raises(NotConnected, match="'http://x' is no WebSocket URL"):
        Client(lambda *_: None, lambda *_: None).connect("http://x", {}, 1.0)


def test_nobody_listening_is_told():
    with plain_socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(NotConnected, match="refused"):
            connected(probe.getsockname()[1])
