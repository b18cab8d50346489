"""Conversations on Redis channels: live, without secrets, and never at the expense of the mock."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket as sockets
import sys
import time
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
import websockets
from redis.asyncio import Redis

from harness.core.conversation import Conversation
from harness.core.message import Opcode
from harness.server import command, publishing
from harness.server.options import Options, UsageError
from harness.server.publishing import Publisher
from harness.server.recording import Recordings

pytestmark = pytest.mark.socket

NOWHERE = "redis://:secret@127.0.0.1:1/0"  # Nobody listens at port 1.


class RedisServer:
    """A redis-server of one's own, which may stall and come back."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        words = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self._process = await asyncio.create_subprocess_exec(
            "redis-server", *words, "--dir", str(self._folder), stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(10):
            while b"Ready to accept connections" not in await self._process.stdout.readline():
                assert not self._process.stdout.at_eof(), "redis-server has ended"

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)


@pytest.fixture
async def redis(tmp_path):
    with sockets.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = RedisServer(port, tmp_path)
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def publishing_to(url: str):
    publisher = Publisher(url)
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop(within_s=1)


@asynccontextmanager
async def following(url: str, pattern: str):
    """What another process does: `await heard()` is the next (channel, line)."""
    async with aclosing(Redis.from_url(url)) as client, client.pubsub() as channels:
        await channels.psubscribe(pattern)
        assert (await channels.get_message(timeout=5))["type"] == "psubscribe"

        async def heard() -> tuple[str, str]:
            message = await channels.get_message(ignore_subscribe_messages=True, timeout=10)
            assert message is not None, "nothing was published"
            return message["channel"].decode(), message["data"].decode()

        yield heard


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def warnings(caplog) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


# With Redis -------------------------------------------------------------------------------------


@pytest.mark.redis
async def test_a_trade_is_followed_live_and_without_secrets(redis, serving, trader):
    lines = []

    async def see(heard, kind):
        """Hear all up to the first message of this type from the server, while the connection is still open."""
        while True:
            channel, line = await heard()
            assert channel == "ws-harness/skybit/trade/1"
            lines.append(line)
            entry = json.loads(line)
            if entry.get("from") == "server" and json.loads(entry["data"])["type"] == kind:
                return

    async with (
        publishing_to(redis.url) as publisher,
        following(redis.url, "ws-harness/skybit/*") as heard,
        serving(keepers=[publisher]) as mock,
        mock.client("?stage=trade&speed=20&token=secret-1") as ws,
    ):
        client = trader(ws)
        await client.authenticate("demo-user-7")
        await see(heard, "Auth")
        await client.say("Chat", text="Buy 200 shares of AAPL at limit 225.10, good for the day")
        preview = (await client.hear("Preview"))["data"]["preview_id"]
        await see(heard, "Preview")
        await client.say("Approve", preview_id=preview, modifications=None)
        await client.hear("Status", status="filled")
        await see(heard, "Status")
        await ws.close(4000, "enough")
        while json.loads(lines[-1]).get("opcode") != "close" or json.loads(lines[-1])["from"] != "server":
            lines.append((await heard())[1])
    assert [word for word in ("demo-user-7", "secret-1") if word in "".join(lines)] == []
    record = Conversation.from_lines(lines)
    assert (record.about["stage"], record.about["query"]["token"]) == ("trade", "(hidden)")
    assert [m["type"] for m in record.sent()] == ["Auth", "Chat", "Approve"]
    assert record.received("Status")[-1]["data"]["status"] == "filled"
    assert [e.frame.code for e in record.entries if e.frame.opcode is Opcode.CLOSE] == [4000, 4000]


@pytest.mark.redis
async def test_what_is_published_is_what_is_recorded(redis, serving, trader, tmp_path):
    async with publishing_to(redis.url) as publisher, following(redis.url, "ws-harness/*") as heard:
        keepers = [Recordings(tmp_path / "recordings"), publisher]
        async with serving(keepers=keepers) as mock, mock.client() as ws:
            await trader(ws).authenticate()
        [path] = (tmp_path / "recordings").iterdir()
        recorded = path.read_text().splitlines()
        assert [(await heard())[1] for _ in recorded] == recorded


@pytest.mark.redis
async def test_publishing_goes_on_after_redis_was_away(redis, serving, trader, caplog):
    async with publishing_to(redis.url) as publisher, serving(keepers=[publisher]) as mock, mock.client() as ws:
        client = trader(ws)
        await client.authenticate()
        await redis.stop()
        await client.say("Heartbeat", client_ts="2024-01-15T10:30:00Z")
        await client.hear("Heartbeat")  # The mock serves as ever.
        await until(lambda: warnings(caplog))
        await redis.start()
        async with following(redis.url, "ws-harness/skybit/default/1") as heard:
            await client.say("Heartbeat", client_ts="2024-01-15T10:30:01Z")
            while "10:30:01Z" not in (await heard())[1]:
                pass
        await until(lambda: len(warnings(caplog)) >= 2)
    falters, goes_on = warnings(caplog)  # One line for the trouble, one for its end, however often it was tried.
    assert f"publishing to redis://127.0.0.1:{redis.port} falters" in falters
    assert "goes on" in goes_on


@pytest.mark.redis
async def test_while_redis_is_away_lines_wait_and_only_those_under_way_are_lost(redis, caplog, monkeypatch):
    monkeypatch.setattr(publishing, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(publishing, "MAX_WAIT_S", 0.001)  # So that it is tried many times while Redis starts.
    async with publishing_to(redis.url) as publisher:
        await redis.stop()
        channel = publisher.begin("skybit", "default", 1)
        for number in range(50 * publishing.BATCH_LINES):
            channel.write(str(number))
        await until(lambda: len(warnings(caplog)) == 1)  # Else Redis might be back before anything is tried.
        await redis.start()
        await until(lambda: len(warnings(caplog)) >= 2)
    assert warnings(caplog)[-1].endswith(f"lines lost: {publishing.BATCH_LINES}")


@pytest.mark.redis
async def test_a_redis_that_stalls_costs_lines_and_no_time(redis, caplog, monkeypatch):
    monkeypatch.setattr(publishing, "MAX_WAITING_LINES", 1000)
    async with publishing_to(redis.url) as publisher:
        channel = publisher.begin("skybit", "default", 1)
        redis.signal(signal.SIGSTOP)
        for number in range(1500):
            channel.write(f'{{"number": {number}}}')
        redis.signal(signal.SIGCONT)
        await until(lambda: len(warnings(caplog)) >= 2)
        async with following(redis.url, "ws-harness/*") as heard:
            channel.write("afterwards")
            assert await heard() == ("ws-harness/skybit/default/1", "afterwards")
    too_slow, goes_on = warnings(caplog)
    assert "too slow" in too_slow
    assert goes_on.endswith("lines lost: 500")


@pytest.mark.redis
async def test_stopping_publishes_what_is_queued(redis):
    async with following(redis.url, "ws-harness/*") as heard:
        async with publishing_to(redis.url) as publisher:
            channel = publisher.begin("skybit", "default", 1)
            for number in range(1234):
                channel.write(str(number))
        assert [(await heard())[1] for _ in range(1234)] == [str(number) for number in range(1234)]


@pytest.mark.redis
async def test_stopping_does_not_wait_for_a_redis_that_stalls(redis, caplog):
    publisher = Publisher(redis.url)
    await publisher.start()
    channel = publisher.begin("skybit", "default", 1)
    redis.signal(signal.SIGSTOP)
    for _ in range(2000):
        channel.write("x" * 10_000)
    began = time.monotonic()
    await publisher.stop(within_s=0.2)
    took_s = time.monotonic() - began
    redis.signal(signal.SIGCONT)
    assert took_s < 1
    assert "2000 lines were not published" in warnings(caplog)[-1]


@pytest.mark.redis
async def test_the_command_publishes_and_stops_in_time(redis):
    words = ("serve", "skybit", "--port", "0", "--publish", redis.url)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from harness.cli import main; main()", *words, stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        printed = (await asyncio.wait_for(process.stdout.readuntil(b"Ctrl+C\n"), 20)).decode()
        url = next(word for word in printed.split() if word.startswith("ws://"))
        async with following(redis.url, "ws-harness/skybit/*") as heard, websockets.connect(url, proxy=None):
            assert "conversation" in json.loads((await heard())[1])
            began = time.monotonic()
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 10) == 0
            took_s = time.monotonic() - began
            codes = [json.loads((await heard())[1])["code"]]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    assert took_s < 2
    assert codes == [1001]


# Without ----------------------------------------------------------------------------------------


def test_the_queue_is_bounded_by_lines(caplog):
    publisher = Publisher(NOWHERE)
    for _ in range(publishing.MAX_WAITING_LINES + 5):
        publisher.publish("channel", "line")
    assert len(publisher._waiting) == publishing.MAX_WAITING_LINES
    assert publisher._lost == 5
    assert len(warnings(caplog)) == 1


def test_the_queue_is_bounded_by_bytes(monkeypatch):
    monkeypatch.setattr(publishing, "MAX_WAITING_BYTES", 10)
    publisher = Publisher(NOWHERE)
    for _ in range(3):
        publisher.publish("channel", "äöü")
    assert (len(publisher._waiting), publisher._lost) == (1, 2)


def test_text_that_is_no_unicode_is_published_as_json_escapes_it():
    publisher = Publisher(NOWHERE)
    publisher.publish("channel", '"\udc80"')
    assert json.loads(publisher._waiting[0][1]) == "\udc80"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://:secret@127.0.0.1:6379",
        "redis://",
        "redis://:secret",
        "redis://:se/cret@127.0.0.1:6379",
        "redis://127.0.0.1:port",
        "redis://127.0.0.1?db=secret",
        "redis://127.0.0.1?pasword=secret",
        "unix://",
    ],
)
def test_what_is_no_url_of_a_redis_is_refused_and_no_password_shown(url, capsys):
    assert command.serve(Options(publish=url)) == 2
    said = capsys.readouterr().err
    assert "redis://127.0.0.1:6379/0" in said
    assert "cret" not in said


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("redis://user:secret@127.0.0.1", "redis://127.0.0.1:6379"),
        ("rediss://:secret@[::1]:7000/2?ssl_cert_reqs=none", "rediss://[::1]:7000"),
        ("unix://:secret@/run/redis.sock?db=1", "unix:///run/redis.sock"),
    ],
)
def test_a_redis_is_named_without_its_password(url, name):
    assert Publisher(url).name == name


def test_a_redis_that_is_not_there_ends_the_command_with_2_and_is_named(capsys):
    assert command.serve(Options(ports=(0,), publish=NOWHERE)) == 2
    said = capsys.readouterr().err
    assert "redis://127.0.0.1:1 cannot be used" in said
    assert "redis-server" in said
    assert "secret" not in said


async def test_a_redis_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(publishing, "TIMEOUT_S", 0.1)
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        publisher = Publisher(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(UsageError, match="Timeout"):
            await publisher.start()
        await publisher.stop(within_s=1)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "redis", None)
    for name in ("redis.asyncio", "harness.server.publishing"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr("harness.server.publishing", raising=False)
    assert command.serve(Options(publish="redis://127.0.0.1:6379/0")) == 2
    assert "pip install 'ws-harness[redis]'" in capsys.readouterr().err
