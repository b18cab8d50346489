"""SIGMAX over sockets, with clients that we did not write, and with the flow that its documentation shows.

Its TypeScript class runs as written, in Node and in Chromium. Its Python package is not published: what its examples
need of it is here, on the library websockets.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import websockets

from harness.protocols.sigmax import PROTOCOL
from harness.protocols.sigmax.rules import Rules

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[3]
FAST = "speed=20"
SILENT = "?speed=10"  # The TypeScript class answers no ping; at this speed it has six seconds.
PAIR = "BTC/USDT"


@dataclass(frozen=True)
class Event:
    """What the server said."""

    type: str
    data: Any
    timestamp: str
    connection_id: str
    request_id: str | None = None


class SigmaxWebSocketClient:
    """The Python client as its documentation describes it: requests, callbacks, `listen`, and reconnection.

    RuntimeError when the server does not take the connection, ValueError when it refuses a request.
    """

    def __init__(self) -> None:
        self.connected: list[Event] = []  # One for each connection.
        self.closes: list[int] = []
        self._wanted: dict[str, dict[str, None]] = {"topics": {}, "symbols": {}}  # Lists, as the keys of a dict.
        self._callbacks: list[Any] = []
        self._answers: dict[str, asyncio.Future[Event]] = {}
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._numbers = itertools.count(1)

    async def connect(self, url: str, api_key: str | None = None) -> None:
        """Connect, hear `connected`, and from then on read what comes."""
        self._url = url if api_key is None else f"{url}&api_key={api_key}"
        await self._open()
        self._reader = asyncio.create_task(self._read())

    async def disconnect(self) -> None:
        """End the connection, for good."""
        self._reader.cancel()
        await self._socket.close()

    def is_connected(self) -> bool:
        """Whether the connection stands."""
        return self._socket.state is websockets.State.OPEN

    def on_event(self, callback: Any) -> None:
        """Call this with every event."""
        self._callbacks.append(callback)

    async def subscribe(self, **lists: list[str]) -> Event:
        """Subscribe to `topics` and `symbols`, now and after each reconnection."""
        answer = await self.request("subscribe", **lists)
        for name, entries in lists.items():
            self._wanted[name].update(dict.fromkeys(entries))
        return answer

    async def unsubscribe(self, **lists: list[str]) -> Event:
        """Subscribe to them no longer."""
        for name, entries in lists.items():
            for entry in entries:
                self._wanted[name].pop(entry, None)
        return await self.request("unsubscribe", **lists)

    async def get_status(self) -> Any:
        """How the system does."""
        return (await self.request("get_status")).data

    async def request(self, kind: str, **data: Any) -> Event:
        """Send a message; the answer that bears its request_id."""
        request_id = f"request-{next(self._numbers)}"
        self._answers[request_id] = asyncio.get_running_loop().create_future()
        await self.say({"type": kind, "data": data, "request_id": request_id})
        async with asyncio.timeout(10):
            answer = await self._answers[request_id]
        if answer.type == "error":
            raise ValueError(answer.data["code"])
        return answer

    async def say(self, message: Any) -> None:
        """Send any JSON."""
        await self._socket.send(json.dumps(message))

    async def listen(self) -> Any:
        """Each event that answers no request, while the test has patience."""
        while True:
            async with asyncio.timeout(10):
                yield await self._events.get()

    async def hear(self, kind: str) -> Event:
        """The next event of this type."""
        return await anext(event async for event in self.listen() if event.type == kind)

    async def _open(self) -> None:
        self._socket = await websockets.connect(self._url, proxy=None)
        first = Event(**json.loads(await self._socket.recv()))
        if first.type == "error":
            await self._socket.wait_closed()
            self.closes.append(self._socket.close_code)
            raise RuntimeError(first.data["code"])
        assert first.type == "connected"
        self.connected.append(first)

    async def _read(self) -> None:
        while True:
            try:
                await self._take(Event(**json.loads(await self._socket.recv())))
            except websockets.ConnectionClosed:
                self.closes.append(self._socket.close_code)
                await self._open()
                await self.say({"type": "subscribe", "data": {name: list(of) for name, of in self._wanted.items()}})

    async def _take(self, event: Event) -> None:
        if event.type == "ping":
            await self.say({"type": "pong"})
        for callback in self._callbacks:
            callback(event)
        if event.request_id is None:
            self._events.put_nowait(event)
        else:
            self._answers[event.request_id].set_result(event)


@pytest.fixture
async def connect_sigmax(mock_of):
    """The quick helper of the documentation: connects to a mock by this query, and subscribes."""
    clients = []
    mock = await mock_of(PROTOCOL)

    async def connect(topics=(), symbols=(), query="", api_key=None):
        client = SigmaxWebSocketClient()
        await client.connect(mock.url(f"?{FAST}{query}"), api_key)
        clients.append(client)
        if topics or symbols:
            await client.subscribe(topics=list(topics), symbols=list(symbols))
        return client

    yield connect
    for client in clients:
        await client.disconnect()


# The TypeScript class ---------------------------------------------------------------------------


def told_to_the_typescript_class(printed):
    """What the class was told; its own log, which comes before, shows that it ran."""
    *logged, told = printed.splitlines()
    assert logged[0] == "Connected to SIGMAX"
    assert [line for line in logged if line.startswith("Event: ")][:2] == ["Event: connected", "Event: subscribed"]
    return json.loads(told)


def check_followed(told):
    proposal, trade = told["proposal"], told["trade"]
    assert told["closed"] == 1000
    for name in ("proposal_id", "symbol", "action", "size"):
        assert proposal[name] == trade[name]
    assert trade["status"] == "filled"
    assert trade["fee"] == pytest.approx(trade["size"] * trade["filled_price"] / 1000, abs=0.01)


@pytest.mark.node
async def test_the_typescript_class_follows_a_proposal_to_its_trade_in_node(mock_of):
    mock = await mock_of(PROTOCOL)
    printed = await mock.run("node", "tests/node/sigmax_ws.mjs", mock.url(SILENT))
    check_followed(told_to_the_typescript_class(printed))


@pytest.mark.node
@pytest.mark.chromium
async def test_the_typescript_class_follows_a_proposal_to_its_trade_in_chromium(mock_of):
    mock = await mock_of(PROTOCOL)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    script = "tests/node/sigmax_chromium.mjs"
    printed = await mock.run("node", script, browser, mock.http(), mock.url(SILENT))
    check_followed(told_to_the_typescript_class(printed))


# The examples of the Python client --------------------------------------------------------------


async def test_python_monitors_all_trading_activity(connect_sigmax):
    client = await connect_sigmax(topics=["proposals", "executions", "analysis"])
    seen, open_ = {}, set()
    async for event in client.listen():
        if event.type == "proposal_created":
            open_.add(event.data["proposal_id"])
            seen["proposal"] = f"New Proposal: {event.data['symbol']} - {event.data['action']}"
        elif event.type == "trade_executed" and event.data["proposal_id"] in open_:
            seen["trade"] = f"Trade Executed: {event.data['symbol']} @ {event.data['filled_price']}"
        elif event.type == "analysis_update":
            data = event.data
            seen["analysis"] = f"Analysis: {data['symbol']} - {data['decision']} (conf: {data['confidence']})"
        if len(seen) == 3:
            break
    assert set(seen) == {"proposal", "trade", "analysis"}


async def test_python_tracks_a_specific_symbol(connect_sigmax):
    client = await connect_sigmax(symbols=[PAIR], topics=["market", "analysis"])
    prices, analyses = [], []
    async for event in client.listen():
        if event.type == "market_update":
            prices += [market["price"] for market in event.data if market["symbol"] == PAIR]
        elif event.type == "analysis_update":
            analyses.append(f"{event.data['symbol']} Analysis: {event.data['decision']} - {event.data['reasoning']}")
        if len(prices) >= 3 and analyses:
            break
    assert len(set(prices)) > 1
    assert all(price > 0 for price in prices)


async def test_python_keeps_a_dashboard_of_the_portfolio(connect_sigmax):
    client = await connect_sigmax(topics=["portfolio", "executions", "health"])
    seen = {}
    async for event in client.listen():
        seen[event.type] = event.data
        if event.type == "portfolio_update":
            values = sum(position["value"] for position in event.data["positions"])
            assert event.data["total_value"] == pytest.approx(event.data["available_cash"] + values, abs=0.01)
        if len(seen) == 3 and seen["portfolio_update"]["positions"]:
            break
    assert set(seen) == {"portfolio_update", "trade_executed", "health_update"}
    assert 0 <= seen["health_update"]["memory_percent"] <= 100


# The whole flow of a connection -----------------------------------------------------------------


async def test_python_goes_through_the_whole_flow(connect_sigmax):
    client = await connect_sigmax()
    assert client.is_connected()
    heard = []
    client.on_event(lambda event: heard.append(event))

    subscribed = await client.subscribe(topics=["market", "portfolio", "executions"], symbols=[PAIR])
    assert subscribed.type == "subscribed"
    assert (subscribed.data["topics"], subscribed.data["symbols"]) == (["market", "portfolio", "executions"], [PAIR])
    for kind in ("market_update", "portfolio_update", "trade_executed"):
        await client.hear(kind)

    assert (await client.request("ping")).type == "pong"
    await client.hear("ping")
    assert (await client.get_status())["status"] == "running"
    active = (await client.request("get_subscriptions")).data
    assert (set(active["topics"]), active["symbols"]) == ({"market", "portfolio", "executions"}, [PAIR])

    unsubscribed = await client.unsubscribe(topics=["market"], symbols=[PAIR])
    assert (unsubscribed.type, unsubscribed.data["topics"]) == ("unsubscribed", ["market"])
    from_then_on = len(heard)
    await client.hear("portfolio_update")
    await client.hear("portfolio_update")
    assert "market_update" not in {event.type for event in heard[from_then_on:]}
    assert {event.connection_id for event in heard} == {client.connected[0].connection_id}


async def test_python_is_told_what_it_did_wrong_and_stays_connected(connect_sigmax):
    client = await connect_sigmax()
    with pytest.raises(ValueError, match="INVALID_TOPIC"):
        await client.subscribe(topics=["invalid_topic"])
    with pytest.raises(ValueError, match="INVALID_SYMBOL"):
        await client.subscribe(symbols=["BTCUSDT"])
    with pytest.raises(ValueError, match="MESSAGE_PROCESSING_ERROR"):
        await client.request("command", command="launch")
    assert (await client.request("ping")).type == "pong"
    assert client.closes == []


async def test_python_is_refused_without_the_right_key(connect_sigmax):
    for key in (None, "wrong"):
        with pytest.raises(RuntimeError, match="AUTHENTICATION_FAILED"):
            await connect_sigmax(query="&scenario=key-required", api_key=key)
    client = await connect_sigmax(query="&scenario=key-required", api_key="demo-key")
    assert client.is_connected()


async def test_python_is_refused_beyond_the_limit_of_connections(connect_sigmax):
    query = "&scenario=connection-limit&stage=full"
    first, _ = await connect_sigmax(query=query), await connect_sigmax(query=query)
    with pytest.raises(RuntimeError, match="MAX_CONNECTIONS_EXCEEDED"):
        await connect_sigmax(query=query)
    await first.disconnect()
    assert (await connect_sigmax(query=query)).is_connected()


async def test_a_burst_of_closes_frees_as_many_places_at_once_and_who_is_refused_takes_none(mock_of):
    mock = await mock_of(replace(PROTOCOL, rules=Rules(max_connections=40)))

    async def arrive(count):
        """Connect as many at once: the sockets by the type of what they heard first."""
        heard = {"connected": [], "error": []}
        for socket in await asyncio.gather(*(mock.client() for _ in range(count))):
            heard[json.loads(await socket.recv())["type"]].append(socket)
        return heard["connected"], heard["error"]

    served, refused = await arrive(45)
    assert (len(served), len(refused)) == (40, 5)
    await asyncio.gather(*(socket.close() for socket in served[:30]))
    served, refused = await arrive(31)
    assert (len(served), len(refused)) == (30, 1)


async def test_python_reconnects_and_restores_its_subscriptions(connect_sigmax):
    client = await connect_sigmax(topics=["market"], query="&scenario=server-restarts&stage=restart")
    await client.hear("market_update")
    confirmed = await client.hear("subscribed")
    assert (client.closes, confirmed.data["topics"]) == ([1012], ["market"])
    again = await client.hear("market_update")
    first, second = (event.connection_id for event in client.connected)
    assert again.connection_id == second != first


# At a keyboard ----------------------------------------------------------------------------------


@asynccontextmanager
async def wscat(url):
    """A wscat at whose keyboard we sit: lines in, lines out."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(ROOT / "node_modules" / ".bin" / "wscat"), "--no-color", "-c", url, stdin=pipe, stdout=pipe
    )
    try:
        async with asyncio.timeout(30):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.node
async def test_wscat_hears_what_it_subscribed_to_until_the_server_restarts(mock_of):
    mock = await mock_of(PROTOCOL)
    wish = {"type": "subscribe", "data": {"topics": ["proposals", "executions"], "symbols": [PAIR]}}
    async with wscat(mock.url("?speed=40&scenario=server-restarts")) as process:
        printed = await process.stdout.readline()
        process.stdin.write(json.dumps(wish).encode() + b"\n")
        printed += await process.stdout.read()
        assert await process.wait() == 0
    # Behind a line that was typed, the next one begins with wscat's prompt.
    heard = [json.loads(line[line.index(b"{") :]) for line in printed.splitlines() if b"{" in line]
    assert [message["type"] for message in heard[:2]] == ["connected", "subscribed"]
    assert {message["connection_id"] for message in heard} == {heard[0]["data"]["connection_id"]}
    created = [m["data"]["proposal_id"] for m in heard if m["type"] == "proposal_created"]
    executed = [m["data"]["proposal_id"] for m in heard if m["type"] == "trade_executed"]
    assert executed
    assert set(executed) <= set(created)
    rows = [[row["symbol"] for row in m["data"]] for m in heard if m["type"] == "market_update"]
    assert rows == [[PAIR]] * len(rows) != []
