"""A mock on a free port of loopback, and a client that we did not write."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import websockets

from harness import protocols
from harness.core.protocol import Protocol
from harness.scenario.house import House
from harness.server.admin import Guard
from harness.server.app import Server
from harness.server.lines import Keeper


@dataclass
class Mock:
    """A running server, and where it is."""

    server: Server
    port: int

    @property
    def house(self) -> House:
        return self.server.house

    def url(self, query: str = "", path: str = "/artifact/v1") -> str:
        return f"ws://127.0.0.1:{self.port}{path}{query}"

    def http(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def client(self, query: str = "", path: str = "/artifact/v1", **options: Any) -> websockets.connect:
        return websockets.connect(self.url(query, path), proxy=None, **options)

    async def request(self, method: str, path: str, **options: Any) -> tuple[int, dict[str, str], str]:
        """Status, headers and text of the answer to an HTTP request."""
        async with aiohttp.ClientSession() as http, http.request(method, self.http(path), **options) as answer:
            return answer.status, dict(answer.headers), await answer.text()


@asynccontextmanager
async def running(
    protocol: Protocol | None = None, guard: Guard | None = None, keepers: Sequence[Keeper] = ()
) -> AsyncIterator[Mock]:
    """Serve one protocol (Skybit, unless told otherwise) while the block runs."""
    protocol = protocol or protocols.load("skybit")
    server = Server(House({protocol.name: protocol}, time.time), guard or Guard(None, True), keepers)
    await server.start()
    try:
        yield Mock(server, await server.listen("127.0.0.1", 0))
    finally:
        await server.stop(within_s=1)


@pytest.fixture
def serving():
    """What starts a mock that is made to measure: an asynchronous context manager."""
    return running


@pytest.fixture
async def mock(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Mock]:
    """A mock of Skybit. Whatever the test does to it, nothing of it may be logged as an error."""
    async with running() as one:
        yield one
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR or r.exc_info] == []


class Trader:
    """The client's side of Skybit, over any connection that has `send` and `recv`."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.session = "new"
        self.seen: list[dict[str, Any]] = []

    async def say(self, kind: str, **data: Any) -> None:
        envelope = {
            "type": kind,
            "id": str(uuid.uuid4()),
            "ts": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "session": self.session,
            "data": data,
        }
        await self.connection.send(json.dumps(envelope))

    async def hear(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next message of this type whose data has these fields; others are kept in `seen`."""
        async with asyncio.timeout(10):
            while True:
                message = json.loads(await self.connection.recv())
                self.seen.append(message)
                if message["type"] == kind and fields.items() <= message["data"].items():
                    return message
                assert message["type"] != "Error", message

    async def authenticate(self, token: str = "demo-user-1") -> None:
        await self.say("Auth", token=token, version="1.0.0", platform="linux")
        self.session = (await self.hear("Auth"))["session"]


@pytest.fixture
def trader():
    """Makes a Trader of a connection."""
    return Trader
