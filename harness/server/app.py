"""The aiohttp application: one route for each path of each protocol, and plain words for whoever knocks wrongly."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from harness.core.message import Frame
from harness.core.protocol import Protocol
from harness.core.session import Request
from harness.scenario.driver import Driver
from harness.scenario.house import BadRequest, House
from harness.scenario.stage import Link
from harness.server import admin, http
from harness.server.connection import Connection
from harness.server.framing import Framer
from harness.server.handshake import refusal
from harness.server.lines import Keeper, Lines
from harness.server.logs import http_log
from harness.server.outbox import Outbox
from harness.server.socket import Socket

log = logging.getLogger("harness.server")

# So many connections may wait to be accepted. With room for aiohttp's own 128 only, most of a thousand clients that
# come back at once would try again a second later.
BACKLOG = 4096

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """The mock of all protocols of a house, over sockets. It moves frames and decides nothing."""

    def __init__(self, house: House, guard: admin.Guard, keepers: Sequence[Keeper] = ()) -> None:
        self.house = house
        self._connections: set[Connection] = set()
        self._all_gone = asyncio.Event()
        self._stopping = False
        self._keepers = keepers
        self._numbers = itertools.count(1)
        self._framer, self._outbox = Framer(), Outbox()
        app = web.Application(middlewares=[self._not_found_in_words])
        app.router.add_routes(admin.routes(house, guard))
        handlers = {path: self._socket(protocol) for protocol in house.protocols.values() for path in protocol.paths}
        app.router.add_route("*", "/", self._front_door(handlers.pop("/", None)))
        for path, handler in handlers.items():
            app.router.add_route("*", path, handler)
        for protocol in house.protocols.values():
            app.router.add_routes(http.routes(house, protocol))
        # aiohttp would wait for clients that keep an HTTP connection open; nothing is under way on those.
        self._runner = web.AppRunner(app, access_log=None, logger=http_log, shutdown_timeout=0.1)

    async def start(self) -> None:
        """Get ready to listen."""
        await self._runner.setup()

    async def listen(self, host: str, port: int) -> int:
        """Serve at this address, too; the port is given back (0 takes a free one). OSError when it cannot be had."""
        site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
        try:
            await site.start()
        except OSError:
            await site.stop()
            raise
        return int(self._runner.addresses[-1][1])

    async def stop(self, within_s: float) -> None:
        """Close all connections with 1001 (RFC 6455, 7.4.1: a server going down), and cut what is left then."""
        self._stopping = True
        for driver in self.house.drivers.values():
            driver.close_all(1001, "the server shuts down")
        if self._connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_gone.wait(), within_s)
        for connection in list(self._connections):
            connection.abort()
        for driver in self.house.drivers.values():
            driver.stop()
        await self._runner.cleanup()

    def paths(self) -> dict[str, str]:
        """Every WebSocket path, and the title of the protocol that it speaks."""
        return {path: protocol.title for protocol in self.house.protocols.values() for path in protocol.paths}

    def _front_door(self, socket: Handler | None) -> Handler:
        """What is at `/`: the protocol that has its WebSocket there, if one has; words for everybody else."""

        async def front_door(request: web.Request) -> web.StreamResponse:
            if socket is not None and (request.method != "GET" or "Upgrade" in request.headers):
                return await socket(request)
            if request.method not in ("GET", "HEAD"):
                raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
            text = f"This is ws-harness, a mock of WebSocket APIs. Connect to:\n\n{self._list(request)}"
            return web.Response(text=text)

        return front_door

    def _socket(self, protocol: Protocol) -> Handler:
        async def endpoint(request: web.Request) -> web.StreamResponse:
            refused = refusal(request)
            if refused is not None:
                return refused
            if self._stopping:
                return web.Response(status=503, text="The mock is shutting down.\n")
            try:
                driver = self.house.driver(protocol, request.query)
            except BadRequest as error:
                return web.Response(status=error.status, text=f"{error}\n")
            knock = http.knock_of(request)
            reply = driver.admit(knock)
            if reply is not None:
                log.info("%s refused a handshake from %s: %d", protocol.name, request.remote, reply.status)
                return http.response(reply)
            return await self._play(request, knock, driver, protocol)

        return endpoint

    async def _play(
        self, request: web.Request, knock: Request, driver: Driver, protocol: Protocol
    ) -> web.StreamResponse:
        """Accept the handshake, and play the driver's stage to this client until either side ends it."""
        socket = Socket(protocol)
        try:
            flow = await socket.prepare(request)
        except ConnectionError:
            return web.Response()  # The client has left already; nobody reads this.
        number = next(self._numbers)
        name = f"{protocol.name} connection {number}"
        connection = Connection(socket, request, flow, self._framer, self._outbox, name)
        self._connections.add(connection)
        opening = replace(knock, deflate=bool(socket.compress), subprotocol=socket.ws_protocol)
        if self._keepers:
            stage = next((name for (_, name), each in self.house.drivers.items() if each is driver), "")
            connection.witness = Lines(self._keepers, driver, stage, number, opening)
        log.info("%s opened from %s: %s", connection.name, request.remote, driver.stage.scenario.title)
        try:
            link = driver.connect(opening, connection)
            try:
                await connection.read(_Receiver(driver, link))
            finally:
                driver.gone(link)
        finally:
            try:
                await connection.finish()
            finally:
                self._forget(connection)
                log.info("%s closed: %s", connection.name, connection.close_code)
        return socket

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self._stopping and not self._connections:
            self._all_gone.set()

    @web.middleware
    async def _not_found_in_words(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            text = f"There is nothing at {request.path}. Connect to:\n\n{self._list(request)}"
            return web.Response(status=404, text=text)

    def _list(self, request: web.Request) -> str:
        return "".join(f"  ws://{request.host}{path}  {title}\n" for path, title in self.paths().items())


@dataclass(frozen=True, slots=True)
class _Receiver:
    driver: Driver
    link: Link

    def frame(self, frame: Frame) -> None:
        self.driver.receive(self.link, frame)

    def oversized(self) -> None:
        self.driver.oversized(self.link)
