"""The clients that MegaBot's spec shows, as written there: in a page of Chromium, through `ws`, `websockets` and wscat.

The samples are in tests/node/megabot_samples.js, what an application adds to them in megabot_pages.js.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import websockets

from harness.protocols.megabot import PROTOCOL
from harness.protocols.megabot.rules import Facts

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "tests" / "node"
QUICK = replace(PROTOCOL, facts=Facts(think_s=0.05, chunk_every_s=0.002))
GREETING = "Hello! How can I help you today?"


@pytest.fixture
async def mock(mock_of):
    """MegaBot at its address, with a quick mind."""
    return await mock_of(QUICK)


@pytest.fixture
def page(mock):
    """What a page in Chromium saw that plays a scene; it comes from the mock, as the samples' relative URLs expect."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))

    async def play(scene, query=""):
        script = str(SCRIPTS / "megabot_chromium.mjs")
        return json.loads(await mock.run("node", script, browser, mock.http(), mock.url(query), scene))

    return play


def in_a_page(test):
    """Marks a test that needs Chromium, and Node.js to drive it."""
    return pytest.mark.node(pytest.mark.chromium(test))


# Pages in Chromium ------------------------------------------------------------------------------


@in_a_page
async def test_chat_client_and_streaming_chat_show_a_reply_as_it_grows(page):
    seen = await page("chat")
    assert [payload["content"] for payload in seen["displayed"]] == [GREETING]
    assert (seen["displayed"][0]["sender"], seen["displayed"][0]["platform"]) == ("assistant", "megabot")
    assert len(seen["texts"]) > 3
    assert all(GREETING.startswith(text) for text in seen["texts"])
    assert sorted(seen["texts"], key=len) == seen["texts"]
    assert seen["paragraph"] == {"text": GREETING, "complete": True}
    assert seen["open_streams"] == 0
    assert seen["valid"]
    assert seen["closed"] == 1000


@in_a_page
async def test_a_page_logs_in_by_fetch_and_connects_with_its_token(page):
    seen = await page("login")
    assert seen["welcome"]["type"] == "connection_established"
    assert seen["welcome"]["payload"]["user_id"] == "user"
    assert seen["closed"] == 1000
    assert (seen["refusal"]["payload"]["error"], seen["refusal"]["payload"]["code"]) == ("authentication_failed", 401)
    assert seen["refused"] == 1008


@in_a_page
async def test_collaborative_sessions_see_each_others_actions(page):
    seen = await page("editors")
    assert seen["first"] == [["open", "src/index.js"]]
    assert seen["second"] == [
        ["cursor", "ada", {"line": 3, "column": 14}],
        ["edit", {"offset": 10, "insert": "const"}],
    ]
    assert seen["sent"] == 5  # By DebugWebSocket's log: a joining, two actions, two round trips.
    assert seen["codes"] == [1000, 1000]


@in_a_page
async def test_message_batcher_is_answered_message_by_message(page):
    seen = await page("batches")
    assert seen["frames"] == [1, 2]  # One message alone, then three as one batch.
    assert seen["replies"] == seen["requests"]
    assert len(seen["requests"]) == 4
    assert (seen["errors"], seen["closed"]) == (0, 1000)


@in_a_page
async def test_resilient_websocket_comes_back_when_a_stream_is_cut(page):
    seen = await page("resilience", "?scenario=stream-cut-in-the-middle&stage=resilience&speed=10")
    assert seen["first"] == 1006
    assert [chunk["sequence"] for chunk in seen["chunks"]] == [1, 2, 3, 4, 5]
    assert not any(chunk["is_complete"] for chunk in seen["chunks"])
    assert (seen["connections"], seen["second"], seen["closed"]) == (2, "connection_established", 1000)


@in_a_page
async def test_rate_limited_websocket_is_served_where_a_rash_client_is_not(page):
    seen = await page("pace")
    assert seen["answered"] == 15
    assert seen["errors"][0] == 0
    assert 1 <= seen["errors"][1] <= 5
    assert set(seen["codes"]) == {429}


# Node.js ----------------------------------------------------------------------------------------


@pytest.mark.node
async def test_node_ws_connects_by_api_key_and_compressed(mock):
    said = json.loads(await mock.run("node", str(SCRIPTS / "megabot_ws.mjs"), mock.url()))
    by_key, refused, compressed = said["good"], said["bad"], said["compressed"]
    assert [by_key["heard"][0]["type"], by_key["heard"][-1]["type"]] == ["connection_established", "chat_receive"]
    assert by_key["closed"] == 1000
    assert [message["payload"]["code"] for message in refused["heard"]] == [401]
    assert refused["closed"] == 1008
    assert compressed["extensions"].startswith("permessage-deflate")
    assert compressed["heard"][-1]["type"] == "chat_receive"


@asynccontextmanager
async def wscat(mock, *options):
    """A wscat that sits at our keyboard: lines in, lines out."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(str(ROOT / "node_modules" / ".bin" / "wscat"), "--no-color", "-c", mock.url(), *options),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def hear(process, kind):
    """The next message of this type that wscat prints."""
    async with asyncio.timeout(10):
        while True:
            line = await process.stdout.readline()
            assert line, await process.stderr.read()
            message = json.loads(line[line.index(b"{") :]) if b"{" in line else {}
            if message.get("type") == kind:
                return message


@pytest.mark.node
async def test_wscat_chats_and_runs_a_tool(mock):
    async with wscat(mock, "-H", "X-API-Key: your_api_key") as process:
        await hear(process, "connection_established")
        process.stdin.write(b'{"id":"msg_125","type":"chat_send","payload":{"content":"Hello MegaBot!"}}\n')
        reply = await hear(process, "chat_receive")
        assert reply["payload"]["content"] == GREETING
        assert reply["metadata"]["in_reply_to"] == "msg_125"
        call = {"tool_name": "read_file", "parameters": {"path": "nowhere"}, "execution_id": "exec_456"}
        process.stdin.write(json.dumps({"id": "msg_130", "type": "tool_call", "payload": call}).encode() + b"\n")
        result = (await hear(process, "tool_result"))["payload"]
        assert (result["execution_id"], result["status"]) == ("exec_456", "failed")


# Python -----------------------------------------------------------------------------------------


class MegaBotWebSocketClient:
    """The spec's Python client, but for `additional_headers`, as today's websockets calls what was extra_headers."""

    def __init__(self, url, token=None):
        self.url = url
        self.token = token

    async def connect(self):
        headers = {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"

        async with websockets.connect(self.url, additional_headers=headers, proxy=None) as ws:
            await self.handle_connection(ws)

    async def handle_connection(self, ws):
        """What the sample leaves open: note what comes until a chat is answered or refused."""
        self.heard = [json.loads(await ws.recv())]
        await ws.send(json.dumps({"id": "py_1", "type": "chat_send", "payload": {"content": "Hello MegaBot!"}}))
        async for text in ws:
            self.heard.append(json.loads(text))
            if self.heard[-1]["type"] == "chat_receive":
                return


async def log_in(mock, body, **headers):
    """Status, body and headers of the answer to a login."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(mock.http("/api/auth/login"), data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json(), answer.headers


@pytest.mark.parametrize("bearer", ["token", "key"])
async def test_the_python_client_connects_with_a_token_or_a_key(mock, bearer):
    status, body, _ = await log_in(mock, b'{"username":"user","password":"pass"}')
    assert status == 200
    client = MegaBotWebSocketClient(mock.url(), token=body["token"] if bearer == "token" else "your_api_key")
    await asyncio.wait_for(client.connect(), 10)
    greeting = client.heard[0]["payload"]
    assert (greeting["user_id"] == "user") == (bearer == "token")
    assert "".join(m["payload"]["chunk"] for m in client.heard if m["type"] == "chat_stream") == GREETING
    assert client.heard[-1]["payload"]["content"] == GREETING


async def test_the_python_client_is_refused_with_another_token(mock):
    client = MegaBotWebSocketClient(mock.url(), token="your_token")
    with pytest.raises(websockets.ConnectionClosed) as end:
        await asyncio.wait_for(client.connect(), 10)
    assert end.value.rcvd.code == 1008
    assert [message["payload"]["error"] for message in client.heard] == ["authentication_failed"]


async def test_a_login_is_open_to_pages_of_other_origins(mock):
    status, _, headers = await log_in(mock, b'{"username":"user","password":"pass"}', Origin="http://localhost:5173")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b'{"username":"user","password":"guess"}', 401, "authentication_failed"),
        (b'{"username":"user"}', 400, "invalid_message"),
        (b"username=user&password=pass", 400, "invalid_message"),
    ],
)
async def test_a_login_that_is_not_good_says_why(mock, body, status, error):
    code, answer, _ = await log_in(mock, body)
    assert (code, answer["error"], answer["code"]) == (status, error, status)
    assert answer["message"]


async def test_a_frame_beyond_1_mib_is_refused_over_the_socket_too(mock):
    async with mock.client(max_size=None) as ws:
        await ws.recv()
        await ws.send(json.dumps({"id": "a", "type": "chat_send", "payload": {"content": "a" * 1024 * 1024}}))
        assert json.loads(await ws.recv())["payload"]["code"] == 413
        with pytest.raises(websockets.ConnectionClosed) as end:
            await ws.recv()
    assert end.value.rcvd.code == 1009
