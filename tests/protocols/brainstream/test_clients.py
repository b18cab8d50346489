"""The clients of BrainStream's own spec, as they stand there, and others that we did not write, over sockets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import aiohttp
import pytest
import websockets

from harness.protocols.brainstream import PROTOCOL
from harness.protocols.brainstream.credentials import DEMO_TOKEN
from harness.wire.schemas import shapes

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "tests" / "node"
SHAPES = shapes(PROTOCOL.folder)

# Section 8.2, letter for letter.
PYTHON_SAMPLE = """\
import websocket
import json

def on_message(ws, message):
    packet = json.loads(message)
    print(f"Price: {packet['data']['market']['price']}")

def on_error(ws, error):
    print(f"Error: {error}")

def on_close(ws):
    print("Disconnected")

ws = websocket.WebSocketApp(
    "ws://localhost:3000",
    on_message=on_message,
    on_error=on_error,
    on_close=on_close
)

ws.run_forever()
"""

# Runs a program whose address, localhost:3000, leads to the given port.
LEAD_ELSEWHERE = """\
import runpy, socket, sys
program, port = sys.argv[1:]
resolve = socket.getaddrinfo

def lead_elsewhere(host, at, *more):
    return resolve("127.0.0.1", int(port), *more) if (host, at) == ("localhost", 3000) else resolve(host, at, *more)

socket.getaddrinfo = lead_elsewhere
runpy.run_path(program, run_name="__main__")
"""


@pytest.fixture
async def mock(mock_of):
    return await mock_of(PROTOCOL)


# A stage whose time stands nearly still, so that no packet comes but those for which a test skips time.
STILL = "?stage=still&speed=0.001"


async def control(mock, order, body, stage="default"):
    """Skip time (`advance`) or end all connections (`close`) of a stage."""
    url = mock.http(f"/_harness/stages/brainstream/{stage}/{order}")
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        assert answer.status == 200, await answer.text()


class Program:
    """A program that runs until the test kills it, and what it prints, line by line."""

    def __init__(self, process):
        self.process = process

    async def line(self, pattern):
        """The next line in which `pattern` is found."""
        seen = []
        async with asyncio.timeout(20):
            while line := (await self.process.stdout.readline()).decode():
                if re.search(pattern, line):
                    return line.strip()
                seen.append(line)
        raise AssertionError(f"no {pattern!r} in {seen}; {(await self.process.stderr.read()).decode()}")


@pytest.fixture
async def run():
    """Starts programs, and ends them with the test."""
    started = []

    async def start(*words):
        pipe = asyncio.subprocess.PIPE
        calm = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        started.append(
            await asyncio.create_subprocess_exec(*words, cwd=ROOT, env=calm, stdin=pipe, stdout=pipe, stderr=pipe)
        )
        return Program(started[-1])

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


def problems(packets):
    return [problem for problem in (SHAPES.problem(packet, "server") for packet in packets) if problem]


@pytest.fixture
async def python_sample(mock, run, tmp_path):
    """Starts the spec's Python sample."""
    program = tmp_path / "sample.py"
    program.write_text(PYTHON_SAMPLE)
    return lambda: run(sys.executable, "-u", "-c", LEAD_ELSEWHERE, str(program), str(mock.port))


async def test_the_python_sample_prints_the_price_of_each_packet(mock, python_sample):
    async with mock.client(path="/") as witness:
        sample = await python_sample()
        printed = [await sample.line("^Price: ")]  # WELCOME's
        await control(mock, "advance", {"by_s": 5})
        printed += [await sample.line("^Price: ") for _ in range(5)]
        packets, prices = [], []
        async with asyncio.timeout(10):
            # Both listen to one world. What the sample prints is a stretch of what the witness gets.
            while printed not in [prices[start : start + 6] for start in range(len(prices))]:
                packets.append(json.loads(await witness.recv()))
                prices.append(f"Price: {packets[-1]['data']['market']['price']}")
    assert packets[0]["type"] == "WELCOME"
    assert len(set(prices)) > 1
    assert problems(packets) == []


async def test_the_python_sample_is_told_when_the_server_closes(mock, python_sample):
    sample = await python_sample()
    await sample.line("^Price: ")
    await control(mock, "close", {"code": 1012, "reason": "restarting"})
    assert "1012" in await sample.line("^Error: ")
    # Its on_close takes one argument, while today's websocket-client gives three.
    assert "on_close" in await sample.line("^Error: ")
    async with asyncio.timeout(10):
        assert await sample.process.wait() == 0


@pytest.mark.node
@pytest.mark.chromium
async def test_the_browser_sample_shows_the_state_keeps_alive_and_comes_back(mock):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    script = str(SCRIPTS / "brainstream_chromium.mjs")
    seen = json.loads(await mock.run("node", script, browser, f"127.0.0.1:{mock.port}", within_s=60))
    assert seen["addresses"] == ["ws://localhost:3000/"] * 2
    # Chromium itself logs that the page has no icon.
    said = [each["text"].split(":")[0] for each in seen["logged"] if "Failed to load resource" not in each["text"]]
    connected = ["🧠 Connected to Curiosity Cottage", "Initial state"]
    assert said == [*connected, "Disconnected. Reconnecting...", *connected]
    received = [json.loads(text) for text in seen["received"]]
    welcomes = [packet["data"] for packet in received if packet["type"] == "WELCOME"]
    assert [each["state"] for each in seen["logged"] if each.get("state")] == welcomes
    # Nothing answers the keepalive: all that came is the stream, and all of that reached the dashboard.
    assert [json.loads(text) for text in seen["sent"]] == [{"type": "PING"}]
    telemetry = [packet["data"] for packet in received if packet["type"] == "TELEMETRY"]
    assert len(telemetry) >= 7
    assert telemetry[: len(seen["dashboards"])] == seen["dashboards"]
    assert len(received) == len(welcomes) + len(telemetry)
    assert problems(received) == []


@pytest.mark.node
@pytest.mark.parametrize("path", ["/", "/ws/stream"])
async def test_wscat_sees_the_welcome_at_once(mock, run, path):
    wscat = str(ROOT / "node_modules" / ".bin" / "wscat")
    program = await run(wscat, "--no-color", "-c", mock.url(STILL, path))
    line = await program.line("{")
    welcome = json.loads(line[line.index("{") :])
    assert welcome["type"] == "WELCOME"
    assert problems([welcome]) == []


async def test_websockets_gets_the_same_bytes_as_every_other_client(mock):
    async with mock.client(STILL, "/") as one, mock.client(STILL, "/ws/stream") as other:
        await control(mock, "advance", {"by_s": 8}, "still")
        async with asyncio.timeout(10):
            streams = [[await ws.recv(decode=False) for _ in range(9)] for ws in (one, other)]
    assert streams[0] == streams[1]
    assert [json.loads(frame)["type"] for frame in streams[0]] == ["WELCOME"] + ["TELEMETRY"] * 8


async def test_nothing_that_a_client_says_is_answered_or_disturbs_the_stream(mock):
    async with mock.client(STILL) as talker, mock.client(STILL) as quiet:
        for nonsense in ("no JSON", "[1]", '{"type": 7}', b"\x00\xff", "[" * 5000, '{"type": "HALT"}', "{}", ""):
            await talker.send(nonsense)
        await talker.send('{"type": "SUBSCRIBE", "symbol": "AAPL"}')
        await (await talker.ping())  # By now the server has read all of it.
        await control(mock, "advance", {"by_s": 4}, "still")
        async with asyncio.timeout(10):
            heard = [[await ws.recv(decode=False) for _ in range(5)] for ws in (talker, quiet)]
    assert heard[0] == heard[1]
    assert [json.loads(frame)["type"] for frame in heard[0]] == ["WELCOME"] + ["TELEMETRY"] * 4
    last = json.loads(heard[0][-1])["data"]
    assert (last["status"], last["market"]["symbol"]) == ("ACTIVE", "SPY")


async def test_a_client_that_offers_a_token_is_answered_with_the_subprotocol(mock):
    async with mock.client("?scenario=token-required", subprotocols=["token", DEMO_TOKEN]) as ws:
        assert ws.subprotocol == "token"
        assert json.loads(await ws.recv())["type"] == "WELCOME"
    async with mock.client("?scenario=token-required") as ws:
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await ws.recv()
    assert closed.value.rcvd.code == 1008


async def test_what_is_polled_over_http_is_what_the_packet_tells(mock):
    async with mock.client(STILL) as ws, aiohttp.ClientSession() as session:
        welcome = json.loads(await ws.recv())
        polled = []
        for part in ("state/current", "metrics/agents", "metrics/models"):
            async with session.get(mock.http(f"/api/system/{part}{STILL}")) as answer:
                assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
                polled.append(await answer.json())
    state, agents, models = polled
    assert {**state, "agents": agents, "models": models} == welcome["data"]
