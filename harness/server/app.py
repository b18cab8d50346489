"""The aiohttp application: one route for each path of each protocol."""

from __future__ import annotations

from aiohttp import web

from harness.core.protocol import Protocol
from harness.scenario.house import House
from harness.server.connection import serve


def application(house: House) -> web.Application:
    """The mock of all protocols of `house`."""
    app = web.Application()
    for protocol in house.protocols.values():
        for path in protocol.paths:
            app.router.add_get(path, _endpoint(house, protocol))
    return app


def _endpoint(house: House, protocol: Protocol):  # type: ignore[no-untyped-def]
    async def endpoint(request: web.Request) -> web.StreamResponse:
        return await serve(request, house.driver(protocol, request.query), protocol.deflate)

    return endpoint
