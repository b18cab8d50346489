"""Control of a running mock, under /_harness/: what is played, what was said, skip time, close connections.

Every answer is JSON; an error says what was expected: {"error": {"where", "expected", "found"}}.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from harness.core.conversation import Conversation
from harness.core.redact import without_secrets
from harness.scenario.driver import Driver
from harness.scenario.house import House

MAX_SKIP_S = 7 * 24 * 3600.0
SKIP_STEP_S = 10.0  # Between two steps the connections get to write what has come due.

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Guard:
    """Who may control the mock: whoever knows the token; without it, this machine's own programs and pages.

    `open_here` is for a mock that listens on loopback only. A page of another site could reach it through the
    user's browser, by its own name (Origin) or under a name that it lets point here (Host): both must be loopback.
    """

    token: str | None
    open_here: bool

    def refusal(self, request: web.Request) -> web.Response | None:
        """Why this request may not control the mock, as the answer to it; None when it may."""
        given = request.headers.get("Authorization", "")
        if self.token is not None and hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return None
        if not given and self.open_here and _from_here(request):
            return None
        expected = "the header 'Authorization: Bearer TOKEN'"
        if self.open_here:
            expected += ", or a request from this machine, of no page but one of this machine"
        if self.token is None:
            expected += " (serve with --token TOKEN)"
        found = "another token" if given else "none"
        return _refuse(401, "Authorization", expected, found, {"WWW-Authenticate": "Bearer"})


def routes(house: House, guard: Guard) -> list[web.RouteDef]:
    """The routes of the admin interface."""
    admin = _Admin(house)
    stage = "/_harness/stages/{protocol}/{stage:.+}"  # The name of a client's own stage has a slash in it.

    def guarded(handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return guard.refusal(request) or await handler(request)
            except _Refused as refused:
                return refused.response

        return handle

    return [
        web.get("/_harness/stages", guarded(admin.stages)),
        web.get(f"{stage}/conversations", guarded(admin.conversations)),
        web.post(f"{stage}/advance", guarded(admin.advance)),
        web.post(f"{stage}/close", guarded(admin.close)),
    ]


class _Refused(Exception):  # noqa: N818 - it carries an answer
    def __init__(self, response: web.Response) -> None:
        self.response = response


class _Admin:
    def __init__(self, house: House) -> None:
        self._house = house

    async def stages(self, request: web.Request) -> web.Response:
        described = [_described(protocol, name, d) for (protocol, name), d in self._house.drivers.items()]
        return _json({"stages": described})

    async def conversations(self, request: web.Request) -> web.Response:
        driver = self._driver(request)
        lines = (line for link in driver.stage.links for line in _lines(link.conversation))
        return web.Response(text="".join(f"{line}\n" for line in lines), content_type="application/jsonl")

    async def advance(self, request: web.Request) -> web.Response:
        driver = self._driver(request)
        by_s = (await _body(request, '{"by_s": 30}')).get("by_s")
        if not _is_number(by_s) or not 0 < by_s <= MAX_SKIP_S:
            raise _Refused(_refuse(400, "by_s", f"a number of seconds, above 0, at most {MAX_SKIP_S:g}", by_s))
        left_s = float(by_s)
        while left_s > 0:
            driver.skip(min(SKIP_STEP_S, left_s))
            left_s -= SKIP_STEP_S
            await asyncio.sleep(0)
        return _json({"time_s": driver.now()})

    async def close(self, request: web.Request) -> web.Response:
        driver = self._driver(request)
        body = await _body(request, '{"code": 1012, "reason": "restarting"}')
        code, reason = body.get("code", 1000), body.get("reason", "")
        if not _is_close_code(code):
            raise _Refused(_refuse(400, "code", "a close code: 1000 to 1003, 1007 to 1014, or 3000 to 4999", code))
        if not isinstance(reason, str) or len(reason.encode()) > 123:
            # RFC 6455, 5.5: a control frame holds 125 bytes, and two are the code's.
            raise _Refused(_refuse(400, "reason", "text of at most 123 bytes", reason))
        count = len(driver.stage.links)
        driver.close_all(code, reason)
        return _json({"closed": count})

    def _driver(self, request: web.Request) -> Driver:
        key = (request.match_info["protocol"], request.match_info["stage"])
        driver = self._house.drivers.get(key)
        if driver is None:
            there = ", ".join("/".join(each) for each in self._house.drivers) or "none yet; the first client begins one"
            raise _Refused(_refuse(404, "path", f"PROTOCOL/STAGE of a stage: {there}", "/".join(key)))
        return driver


def _described(protocol: str, name: str, driver: Driver) -> dict[str, Any]:
    stage = driver.stage
    links = [
        {"number": link.number, "open_s": driver.now() - link.opened_at, "frames": len(link.journal)}
        for link in stage.links
    ]
    return {
        "protocol": protocol,
        "stage": name,
        "scenario": stage.scenario.name,
        "title": stage.scenario.title,
        "seed": stage.seed,
        "speed": driver.speed,
        "time_s": driver.now(),
        "connections": links,
        "wrong_in_books": stage.world.check_books(),
    }


def _lines(conversation: Conversation) -> Iterator[str]:
    clean = Conversation({**conversation.about}, dropped=conversation.dropped)
    for entry in conversation.entries:
        clean.note(entry.at_s, entry.sender, without_secrets(entry.frame))
    return clean.to_lines()


async def _body(request: web.Request, example: str) -> dict[str, Any]:
    try:
        value = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise _Refused(_refuse(400, "body", f"a JSON object such as {example}", "something else"))
    return value


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_close_code(code: object) -> bool:
    # RFC 6455, 7.4: those that may be sent; 1012 to 1014 were registered later.
    if not isinstance(code, int) or isinstance(code, bool):
        return False
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def _from_here(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    return (
        is_loopback(request.remote)
        and is_loopback(_host_of(f"//{request.host}"))
        and (origin is None or is_loopback(_host_of(origin)))
    )


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def is_loopback(host: str | None) -> bool:
    """Whether `host`, a name or an address, is this machine itself and reachable from nowhere else."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def _refuse(
    status: int, where: str, expected: str, found: object, headers: dict[str, str] | None = None
) -> web.Response:
    return _json({"error": {"where": where, "expected": expected, "found": found}}, status, headers)


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    body = orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
