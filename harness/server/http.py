"""What protocols serve over plain HTTP, beside their WebSockets: answered by the stage that the query asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import orjson
from aiohttp import web

from harness.core.http import Endpoint, HttpReply, HttpRequest
from harness.core.protocol import Protocol
from harness.core.session import Request
from harness.scenario.house import BadRequest, House

# A front end in a browser has another origin than the mock; nothing here is worth protecting from one.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-API-Key",
    "Access-Control-Max-Age": "600",
}


def routes(house: House, protocol: Protocol) -> list[web.RouteDef]:
    """One route for each path of the protocol's endpoints."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in protocol.http:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [web.route("*", path, _handler(house, protocol, methods)) for path, methods in by_path.items()]


def headers_of(request: web.Request) -> dict[str, str]:
    """The headers of a request, with names in lower case."""
    return {name.lower(): value for name, value in request.headers.items()}


def knock_of(request: web.Request) -> Request:
    """An opening handshake, as far as a protocol may look at it; nothing is negotiated yet."""
    return Request(request.path, dict(request.query), headers_of(request), request.remote or "")


def response(reply: HttpReply, headers: Mapping[str, str] | None = None) -> web.Response:
    """What a protocol answers over plain HTTP."""
    body = orjson.dumps(reply.body)
    return web.Response(status=reply.status, body=body, content_type="application/json", headers=headers)


def _handler(
    house: House, protocol: Protocol, methods: dict[str, Endpoint]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    allowed = ", ".join((*methods, "OPTIONS"))
    headers = {**CORS, "Access-Control-Allow-Methods": allowed}

    async def handle(request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=headers)
        endpoint = methods.get(request.method)
        if endpoint is None:
            text = f"{request.path} expects {' or '.join(methods)}, not {request.method}.\n"
            return web.Response(status=405, text=text, headers={**headers, "Allow": allowed})
        try:
            body = await request.read()
            driver = house.driver(protocol, request.query)
        except web.HTTPRequestEntityTooLarge as error:
            return web.Response(status=413, text=f"{error.text}\n", headers=headers)
        except BadRequest as error:
            return web.Response(status=error.status, text=f"{error}\n", headers=headers)
        asked = HttpRequest(request.method, request.path, dict(request.query), headers_of(request), body)
        return response(driver.answer(endpoint, asked), headers)

    return handle
