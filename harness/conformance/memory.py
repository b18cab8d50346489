"""The transport in memory: the peer talks to stages of a house in the same event loop, which may be virtual."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from harness.conformance.conditions import Conditions
from harness.conformance.peer import Answer, Channel, Offer, Peer
from harness.core.http import HttpRequest
from harness.core.message import Frame, Opcode
from harness.core.session import Request
from harness.scenario.driver import Driver
from harness.scenario.house import BadRequest, House
from harness.scenario.stage import Link


class MemoryOpener:
    """Opens connections to a house, under these conditions."""

    def __init__(self, house: House, conditions: Conditions | None = None) -> None:
        self.house = house
        self.conditions = conditions or Conditions()

    async def open(self, offer: Offer, peer: Peer) -> tuple[Answer, Channel | None]:
        """The opening handshake: the path decides on the protocol, the query on the stage."""
        await self._arrive()
        parts = urlsplit(offer.url)
        protocol = next((p for p in self.house.protocols.values() if parts.path in p.paths), None)
        if protocol is None:
            await self._return()
            return Answer(404), None
        deflate = offer.deflate and protocol.deflate
        query = dict(parse_qsl(parts.query))
        try:
            driver = self.house.driver(protocol, query)
        except BadRequest as error:
            await self._return()
            return Answer(error.status, body=str(error)), None
        request = Request(parts.path, query, _headers(offer))
        refusal = driver.admit(request)
        if refusal is not None:
            await self._return()
            return Answer(refusal.status, body=json.dumps(refusal.body)), None
        channel = MemoryChannel(driver, peer, self.conditions)
        subprotocol = next((s for s in offer.subprotocols if s in protocol.subprotocols), None)
        opening = replace(request, deflate=deflate, subprotocol=subprotocol)
        answered = channel.answered()
        channel.link = driver.connect(opening, channel.server_end)
        await answered.wait()
        return Answer(101, subprotocol=subprotocol, deflate=deflate), channel

    async def http(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """A plain request: method and path decide on the endpoint, the query on the stage."""
        await self._arrive()
        parts = urlsplit(url)
        reply = Answer(404)
        for protocol in self.house.protocols.values():
            for endpoint in protocol.http:
                if (endpoint.method, endpoint.path) == (method, parts.path):
                    query = dict(parse_qsl(parts.query))
                    names = {name.lower(): value for name, value in headers.items()}
                    asked = HttpRequest(method, parts.path, query, names, body)
                    answer = self.house.driver(protocol, query).answer(endpoint, asked)
                    reply = Answer(answer.status, body=json.dumps(answer.body))
        await self._return()
        return reply

    async def _arrive(self) -> None:
        """Wait until a request is seen to by the server."""
        now_s = asyncio.get_running_loop().time()
        await asyncio.sleep(self.conditions.awake_s(now_s + self.conditions.under_way_s()) - now_s)

    async def _return(self) -> None:
        """Wait until its answer is there."""
        await asyncio.sleep(self.conditions.under_way_s())


def _headers(offer: Offer) -> dict[str, str]:
    """The headers of an opening handshake, as far as a protocol may look at them, by their names in lower case."""
    headers = {name.lower(): value for name, value in offer.headers.items()}
    return {**headers, "sec-websocket-protocol": ", ".join(offer.subprotocols)} if offer.subprotocols else headers


class _Way:
    """One direction of a connection: what is put on it arrives in order, each after its own time."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._loop = asyncio.get_running_loop()
        self._last_s = 0.0
        # A loop keeps no order among calls that are due at the same moment; frames have theirs here.
        self._arrivals: deque[Callable[[], None]] = deque()

    def carry(self, arrival: Callable[[], None], *, to_server: bool = False) -> None:
        """Let `arrival` happen at the other end."""
        due_s = max(self._last_s, self._loop.time() + self._conditions.under_way_s())
        self._last_s = self._conditions.awake_s(due_s) if to_server else due_s
        self._arrivals.append(arrival)
        self._loop.call_at(self._last_s, self._next)

    def _next(self) -> None:
        self._arrivals.popleft()()


class MemoryChannel:
    """Both ends of one connection."""

    link: Link

    def __init__(self, driver: Driver, peer: Peer, conditions: Conditions) -> None:
        self._driver = driver
        self._peer = peer
        self._over = False
        self._up, self._down = _Way(conditions), _Way(conditions)
        self.server_end = _ServerEnd(self)

    def answered(self) -> asyncio.Event:
        """Set when the answer to the handshake has come, with everything after it still under way."""
        event = asyncio.Event()
        self._down.carry(event.set)
        return event

    async def send(self, frame: Frame) -> None:
        """Carry a frame to the server."""
        self._up.carry(partial(self._to_server, frame), to_server=True)

    async def abort(self) -> None:
        """Cut the connection: the peer knows, the server will notice."""
        self._end()

    def _to_server(self, frame: Frame) -> None:
        if self._over:
            return
        self._driver.receive(self.link, frame)
        if frame.opcode is Opcode.CLOSE:
            # RFC 6455, 5.5.1: a close frame is answered by one of the same code.
            self.to_client(frame)
            self._driver.gone(self.link)

    def to_client(self, frame: Frame) -> None:
        """Carry a frame to the peer."""
        self._down.carry(partial(self._arrive, frame))

    def _arrive(self, frame: Frame) -> None:
        if self._over:
            return
        self._peer.arrived(frame)
        if frame.opcode is Opcode.CLOSE:
            self._end()
        elif frame.opcode is Opcode.PING and self._peer.offer.pongs:
            self._up.carry(partial(self._to_server, Frame(Opcode.PONG, frame.data)), to_server=True)

    def cut(self) -> None:
        """The server cut the connection."""
        self._down.carry(self._end)

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._peer.lost()
            self._up.carry(partial(self._driver.gone, self.link), to_server=True)


class _ServerEnd:
    def __init__(self, channel: MemoryChannel) -> None:
        self._channel = channel

    def send(self, frame: Frame) -> None:
        self._channel.to_client(frame)

    def hang_up(self) -> None:
        self._channel.cut()
