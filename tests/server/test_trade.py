"""A whole trade, held by clients that we did not write: websockets, ws, wscat, and a page in Chromium."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = ROOT / "tests" / "node"
FAST = "?stage=trade&speed=20"
SENTENCE = "Buy 200 shares of AAPL at limit 225.10, good for the day"


async def output_of(*words: str) -> str:
    """What a program prints that runs from the project's folder; it must end well."""
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode() + out.decode()
    return out.decode()


def without_news(heard: list[str]) -> list[str]:
    return [word for word in heard if word != "MarketData"]


WHOLE_TRADE = ["authenticated", "Plan", "Preview", "acknowledged", "partial_fill", "filled"]


async def hold_a_whole_trade(client) -> dict:
    """The client's side of a trade, from Auth to the last Status, which is given back."""
    await client.authenticate()
    await client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
    quote = await client.hear("MarketData", symbol="AAPL")
    assert quote["data"]["bid"] < quote["data"]["ask"]
    await client.say("Chat", text=SENTENCE)
    await client.hear("Plan")
    preview = (await client.hear("Preview"))["data"]
    await client.say("Approve", preview_id=preview["preview_id"], modifications=None)
    await client.hear("Status", status="acknowledged", filled=0, remaining=200)
    await client.hear("Status", status="partial_fill", filled=100, remaining=100)
    return (await client.hear("Status", status="filled", filled=200, remaining=0))["data"]


async def test_websockets_holds_a_whole_trade(mock, trader):
    async with mock.client(FAST) as ws:
        filled = await hold_a_whole_trade(trader(ws))
    assert filled["avg_fill_price"] <= 225.10


@pytest.mark.node
async def test_node_ws_holds_a_whole_trade(mock):
    said = json.loads(await output_of("node", str(SCRIPTS / "ws_trade.mjs"), mock.url(FAST)))
    assert (without_news(said["heard"]), said["filled"], said["closed"]) == (WHOLE_TRADE, 200, 1000)


@pytest.mark.node
@pytest.mark.chromium
async def test_a_page_in_chromium_holds_a_whole_trade(mock):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    script = str(SCRIPTS / "chromium_trade.mjs")
    said = json.loads(await output_of("node", script, browser, mock.http(), mock.url(FAST)))
    assert (without_news(said["heard"]), said["filled"], said["closed"]) == (WHOLE_TRADE, 200, 1000)


class Wscat:
    """A wscat at whose keyboard we sit: what is typed is sent, what it prints was received."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def send(self, text: str) -> None:
        self.process.stdin.write(text.encode() + b"\n")

    async def recv(self) -> str:
        while True:
            line = await self.process.stdout.readline()
            assert line, await self.process.stderr.read()
            if b"{" in line:
                return line[line.index(b"{") :].decode()


@pytest.mark.node
async def test_wscat_holds_a_whole_trade(mock, trader):
    wscat = str(ROOT / "node_modules" / ".bin" / "wscat")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        wscat, "--no-color", "-c", mock.url(FAST), stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        # Without a terminal wscat does not say that it is connected; the mock knows.
        async with asyncio.timeout(10):
            while not mock.server._connections:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        filled = await hold_a_whole_trade(trader(Wscat(process)))
    finally:
        process.kill()
        await process.wait()
    assert filled["avg_fill_price"] <= 225.10
