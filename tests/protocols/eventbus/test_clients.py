"""The four channels over sockets, followed by clients that we did not write: websockets, ws, wscat, and a page in
Chromium. The spec shows no client; these do what it describes: they parse events, order them, and pair them.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from harness.protocols.eventbus import PROTOCOL
from harness.wire.schemas import shapes

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "tests" / "node"
SHAPES = shapes(PROTOCOL.folder)
FAST = "?stage=followed&speed=60"
HFT = PROTOCOL.paths[3]
PAIRS = 3  # Of each kind, as many as a client follows to their end.


@pytest.fixture
async def mock(mock_of):
    return await mock_of(PROTOCOL)


def host_of(mock):
    """Where all four channels are, for a client that knows their paths."""
    return mock.url(path="/").rstrip("/")


async def frames_of(ws, count):
    """The next frames of a connection, as bytes."""
    async with asyncio.timeout(20):
        return [await ws.recv(decode=False) for _ in range(count)]


def ids_of(frames):
    return [json.loads(frame)["id"] for frame in frames]


async def shared_frames(one, other):
    """What two clients of a channel heard while both listened: each one's part of it."""
    parts = await asyncio.gather(frames_of(one, 30), frames_of(other, 30))
    first, last = max(ids_of(part)[0] for part in parts), min(ids_of(part)[-1] for part in parts)
    return [[frame for frame in part if first <= json.loads(frame)["id"] <= last] for part in parts]


async def test_two_clients_of_a_channel_get_the_same_bytes(mock):
    async with mock.client(FAST, HFT) as one, mock.client(FAST, HFT) as other:
        parts = await shared_frames(one, other)
    assert len(parts[0]) >= 10
    assert parts[0] == parts[1]


async def test_what_a_client_says_changes_nothing(mock):
    async with mock.client(FAST, HFT) as talker, mock.client(FAST, HFT) as listener:
        for nonsense in ('{"type": "subscribe"}', "no JSON", "[1]", b"\x00\xff", '{"type": "hft.entry"}'):
            await talker.send(nonsense)
        parts = await shared_frames(talker, listener)
    assert len(parts[0]) >= 10
    assert parts[0] == parts[1]
    assert [SHAPES.problem(json.loads(frame), "server") for frame in parts[0]] == [None] * len(parts[0])


async def test_four_channels_share_one_counter(mock):
    heard = {}
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(mock.client(FAST, path)) for path in PROTOCOL.paths]
        for path, frames in zip(
            PROTOCOL.paths, await asyncio.gather(*(frames_of(ws, 12) for ws in sockets)), strict=True
        ):
            heard[path.rpartition("/")[2]] = [json.loads(frame) for frame in frames]
    for name, events in heard.items():
        ids = [event["id"] for event in events]
        assert ids == sorted(set(ids))
        assert {event["channel"] for event in events} == {name}
        assert [SHAPES.problem(event, "server") for event in events] == [None] * len(events)
    every = [event["id"] for events in heard.values() for event in events]
    assert len(every) == len(set(every))


def check_what_was_followed(said):
    """What a client made of the events: their order has no gap, and pairs agree."""
    ordered, pairs = said["ordered"], said["pairs"]
    ids = [event["id"] for event in ordered]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert {event["channel"] for event in ordered} == {"prediction", "automation", "training", "hft"}
    assert min(len(of_kind) for of_kind in pairs.values()) >= PAIRS
    for created, resolved in pairs["prediction"]:
        for name in ("instrument_key", "interval", "horizon_steps", "ts_pred", "ts_target", "pred_ret_adj"):
            assert created["payload"][name] == resolved["payload"][name]
        assert resolved["ts"] >= resolved["payload"]["ts_target"]
    for entry, exit_ in pairs["trade"]:
        bought, sold = entry["payload"], exit_["payload"]
        assert sold["instrument_key"] == bought["instrument_key"]
        assert sold["pnl"] == pytest.approx(bought["qty"] * (sold["price"] - bought["entry"]), abs=0.011)
    for first, last in (pair for of_kind in pairs.values() for pair in of_kind):
        assert first["id"] < last["id"]
        assert first["ts"] <= last["ts"]
    assert said["closed"] == [1000] * 4


@pytest.mark.node
@pytest.mark.parametrize("query", [FAST, f"{FAST}&scenario=out-of-order-ids", f"{FAST}&scenario=duplicate-events"])
async def test_node_ws_follows_four_channels_at_once(mock, query):
    script = str(SCRIPTS / "eventbus_ws.mjs")
    check_what_was_followed(json.loads(await mock.run("node", script, host_of(mock), query, str(PAIRS))))


@pytest.mark.node
async def test_the_parser_of_a_front_end_notices_broken_events(mock):
    script = str(SCRIPTS / "eventbus_ws.mjs")
    with pytest.raises(AssertionError, match=r"payload\.(pnl|error)|no event of|JSON"):
        await mock.run("node", script, host_of(mock), f"{FAST}&scenario=broken-events", str(PAIRS))


@pytest.mark.node
@pytest.mark.chromium
async def test_a_page_in_chromium_follows_four_channels_at_once(mock):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    script = str(SCRIPTS / "eventbus_chromium.mjs")
    words = (browser, mock.http(), host_of(mock), FAST, str(PAIRS))
    check_what_was_followed(json.loads(await mock.run("node", script, *words, within_s=60)))


@pytest.mark.node
async def test_wscat_prints_the_events_of_a_channel(mock):
    wscat = str(ROOT / "node_modules" / ".bin" / "wscat")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        wscat, "--no-color", "-c", mock.url(FAST, HFT), stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(20):
            lines = [await process.stdout.readline() for _ in range(12)]
    finally:
        process.kill()
        await process.wait()
    events = [json.loads(line[line.index(b"{") :]) for line in lines if b"{" in line]
    assert len(events) >= 10
    assert [SHAPES.problem(event, "server") for event in events] == [None] * len(events)
