"""The transport in memory: the peer talks to stages of a house in the same event loop, which may be virtual."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from harness.conformance.peer import Answer, Channel, Offer, Peer
from harness.core.http import HttpRequest
from harness.core.message import Frame, Opcode
from harness.core.session import Request
from harness.scenario.driver import Driver
from harness.scenario.house import BadRequest, House
from harness.scenario.stage import Link

LATENCY_S = 0.001  # Each way. Not nothing, so that an answer is always later than its request.


class MemoryOpener:
    """Opens connections to a house."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def open(self, offer: Offer, peer: Peer) -> tuple[Answer, Channel | None]:
        """The opening handshake: the path decides on the protocol, the query on the stage."""
        await asyncio.sleep(2 * LATENCY_S)
        parts = urlsplit(offer.url)
        protocol = next((p for p in self.house.protocols.values() if parts.path in p.paths), None)
        if protocol is None:
            return Answer(404), None
        deflate = offer.deflate and protocol.deflate
        query = dict(parse_qsl(parts.query))
        try:
            driver = self.house.driver(protocol, query)
        except BadRequest as error:
            return Answer(error.status, body=str(error)), None
        request = Request(parts.path, query, _headers(offer))
        refusal = driver.admit(request)
        if refusal is not None:
            return Answer(refusal.status, body=json.dumps(refusal.body)), None
        channel = MemoryChannel(driver, peer)
        subprotocol = next((s for s in offer.subprotocols if s in protocol.subprotocols), None)
        opening = replace(request, deflate=deflate, subprotocol=subprotocol)
        channel.link = driver.connect(opening, channel.server_end)
        return Answer(101, subprotocol=subprotocol, deflate=deflate), channel

    async def http(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """A plain request: method and path decide on the endpoint, the query on the stage."""
        await asyncio.sleep(2 * LATENCY_S)
        parts = urlsplit(url)
        for protocol in self.house.protocols.values():
            for endpoint in protocol.http:
                if (endpoint.method, endpoint.path) == (method, parts.path):
                    query = dict(parse_qsl(parts.query))
                    names = {name.lower(): value for name, value in headers.items()}
                    asked = HttpRequest(method, parts.path, query, names, body)
                    reply = self.house.driver(protocol, query).answer(endpoint, asked)
                    return Answer(reply.status, body=json.dumps(reply.body))
        return Answer(404)


def _headers(offer: Offer) -> dict[str, str]:
    """The headers of an opening handshake, as far as a protocol may look at them, by their names in lower case."""
    headers = {name.lower(): value for name, value in offer.headers.items()}
    return {**headers, "sec-websocket-protocol": ", ".join(offer.subprotocols)} if offer.subprotocols else headers


class MemoryChannel:
    """Both ends of one connection. Frames take LATENCY_S and keep their order."""

    link: Link

    def __init__(self, driver: Driver, peer: Peer) -> None:
        self._driver = driver
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._over = False
        # A loop keeps no order among calls that are due at the same moment; frames have theirs here.
        self._up: deque[Callable[[], None]] = deque()
        self._down: deque[Callable[[], None]] = deque()
        self.server_end = _ServerEnd(self)

    async def send(self, frame: Frame) -> None:
        """Carry a frame to the server."""
        self._carry(self._up, partial(self._to_server, frame))

    async def abort(self) -> None:
        """Cut the connection: the server notices, the peer knows."""
        self._end()

    def _to_server(self, frame: Frame) -> None:
        if self._over:
            return
        self._driver.receive(self.link, frame)
        if frame.opcode is Opcode.CLOSE:
            # RFC 6455, 5.5.1: a close frame is answered by one of the same code.
            self.to_client(frame)

    def to_client(self, frame: Frame) -> None:
        """Carry a frame to the peer."""
        self._carry(self._down, partial(self._arrive, frame))

    def _carry(self, way: deque[Callable[[], None]], arrival: Callable[[], None]) -> None:
        way.append(arrival)
        self._loop.call_later(LATENCY_S, lambda: way.popleft()())

    def _arrive(self, frame: Frame) -> None:
        if self._over:
            return
        self._peer.arrived(frame)
        if frame.opcode is Opcode.CLOSE:
            self._end()
        elif frame.opcode is Opcode.PING and self._peer.offer.pongs:
            self._carry(self._up, partial(self._to_server, Frame(Opcode.PONG, frame.data)))

    def cut(self) -> None:
        """The server cut the connection."""
        self._carry(self._down, self._end)

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._peer.lost()
            self._driver.gone(self.link)


class _ServerEnd:
    def __init__(self, channel: MemoryChannel) -> None:
        self._channel = channel

    def send(self, frame: Frame) -> None:
        self._channel.to_client(frame)

    def hang_up(self) -> None:
        self._channel.cut()
