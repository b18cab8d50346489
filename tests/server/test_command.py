"""`ws-harness serve` as a program: what it prints, how it fails, how it stops."""

from __future__ import annotations

import asyncio
import json
import signal
import socket as sockets
import sys
import time
from contextlib import asynccontextmanager

import pytest
import websockets
from typer.testing import CliRunner

from harness import cli
from harness.core.conversation import Conversation
from harness.protocols import defects, variants
from harness.scenario.house import House
from harness.server import banner, command
from harness.server.admin import Guard
from harness.server.options import Options

pytestmark = pytest.mark.socket

SCENARIO = """\
scenario: {title}
protocol: skybit
steps:
  - when: open
    reply:
      - close: {{code: {code}, reason: by the script}}
"""


class Program:
    """A running `ws-harness serve`, and what it has printed up to where it is ready."""

    def __init__(self, process: asyncio.subprocess.Process, printed: str) -> None:
        self.process = process
        self.printed = printed

    @property
    def url(self) -> str:
        return next(word for word in self.printed.split() if word.startswith("ws://"))

    async def stop(self, number: signal.Signals) -> tuple[int, float]:
        """The exit status after this signal, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = await asyncio.wait_for(self.process.wait(), 10)
        return status, time.monotonic() - began

    async def logged(self, words: str) -> None:
        """Wait for a line of the log with these words."""
        async with asyncio.timeout(10):
            while words not in (await self.process.stderr.readline()).decode():
                assert not self.process.stderr.at_eof(), words


async def start(*options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from harness.cli import main; main()", "serve", *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@asynccontextmanager
async def serving(*options: str):
    process = await start(*options)
    try:
        printed = (await asyncio.wait_for(process.stdout.readuntil(b"Ctrl+C\n"), 20)).decode()
        yield Program(process, printed)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def taken_port():
    with sockets.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


async def test_it_prints_where_to_connect_and_stops_on_ctrl_c():
    async with serving("skybit", "--port", "0", "--watch") as program:
        assert f"npx wscat -c {program.url}\n" in program.printed
        assert "?scenario=" in program.printed
        first = next(line for line in program.printed.splitlines() if line.strip().startswith("then say"))
        async with websockets.connect(program.url, proxy=None) as ws:
            await ws.send(first.split(maxsplit=2)[2])
            assert json.loads(await ws.recv())["data"]["status"] == "authenticated"
            status, took_s = await program.stop(signal.SIGINT)
            await ws.wait_closed()
    assert (status, ws.close_code) == (0, 1001)
    assert took_s < 2


async def test_a_client_that_does_not_answer_cannot_keep_it_from_stopping():
    async with serving("skybit", "--port", "0") as program:
        host, port = program.url.split("/")[2].split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"GET /artifact/v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await program.logged("opened from")
        status, took_s = await program.stop(signal.SIGTERM)
        writer.close()
    assert status == 0
    assert took_s < 2


async def test_clients_that_vanish_in_the_midst_of_quotes_leave_no_traceback():
    """The program runs on uvloop where there is one, whose transports fail in their own way."""
    subscribe = {"channels": [{"type": "quotes", "all": True}]}
    async with serving("skybit", "--port", "0") as program:
        for _ in range(30):
            ws = await websockets.connect(program.url + "?stage=busy&speed=500", proxy=None)
            for kind, data in (("Auth", {"token": "demo-user-1"}), ("Subscribe", subscribe)):
                envelope = {"type": kind, "id": "1", "ts": "2024-01-15T10:30:00Z", "session": "new", "data": data}
                if kind == "Subscribe":
                    envelope["session"] = json.loads(await ws.recv())["session"]
                await ws.send(json.dumps(envelope))
            await ws.recv()
            ws.transport.abort()
        status, _ = await program.stop(signal.SIGTERM)
        _, errors = await program.process.communicate()
    assert (status, errors.decode().count("opened from")) == (0, 30)
    assert [word for word in ("Traceback", "ERROR", "exception") if word in errors.decode()] == []


async def test_a_taken_port_is_named_and_the_others_are_served(taken_port):
    async with serving("--port", str(taken_port), "--port", "0") as program:
        assert f":{taken_port}/" not in program.printed
        async with websockets.connect(program.url, proxy=None):
            pass
        program.process.terminate()
        _, errors = await program.process.communicate()
    assert f"port {taken_port}: it is taken" in errors.decode()


async def test_without_a_port_it_ends_with_2_and_a_way_out(taken_port):
    process = await start("--port", str(taken_port))
    _, errors = await process.communicate()
    assert (process.returncode, "--port 8001" in errors.decode()) == (2, True)


async def test_a_connection_is_recorded(tmp_path):
    async with serving("skybit", "--port", "0", "--record", str(tmp_path)) as program:
        async with websockets.connect(program.url + "?stage=mine", proxy=None):
            pass
        await program.stop(signal.SIGTERM)
    [path] = tmp_path.iterdir()
    assert Conversation.from_lines(path.read_text().splitlines()).about["stage"] == "mine"


async def test_an_edited_scenario_is_swapped_in_and_a_broken_one_is_not(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("scenario: Nothing happens\nprotocol: skybit\n")
    async with serving("skybit", "--port", "0", "--scenario", str(path), "--watch") as program:
        await program.logged("watching")
        async with websockets.connect(program.url, proxy=None) as ws:
            path.write_text("scenario: Broken\nprotocol: skybti\n")
            await program.logged("'skybit'")
            path.write_text(SCENARIO.format(title="Closes", code=4321))
            await asyncio.wait_for(ws.wait_closed(), 5)
            assert ws.close_code == 1012
        async with websockets.connect(program.url, proxy=None) as ws:
            await asyncio.wait_for(ws.wait_closed(), 5)
            assert ws.close_code == 4321


async def test_a_scenario_of_ones_own_folder_is_found_by_name(tmp_path):
    (tmp_path / "closes.yaml").write_text(SCENARIO.format(title="Closes", code=4001))
    async with serving("skybit", "--port", "0", "--scenarios", str(tmp_path), "--scenario", "closes") as program:
        async with websockets.connect(program.url, proxy=None) as ws:
            await asyncio.wait_for(ws.wait_closed(), 5)
        assert ws.close_code == 4001


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(protocols=("skybti",)), "Did you mean 'skybit'?"),
        (Options(defect="no-such-defect"), "--list-defects"),
        (Options(variant="milisecond"), "Did you mean 'milliseconds'?"),
        (Options(protocols=("skybit",), variant="milliseconds"), "no variant 'milliseconds' in skybit"),
        (Options(defect="a", variant="b"), "expected one of them"),
        (Options(scenarios=("no-such-scenario",)), "scenarios list"),
        (Options(log_level="loud"), "debug, info, warning or error"),
    ],
)
def test_a_wrong_option_is_named_with_what_would_be_right(options, words, capsys):
    assert command.serve(options) == command.COULD_NOT_RUN
    assert words in capsys.readouterr().err


def test_a_folder_that_is_none_is_named(tmp_path, capsys):
    assert command.serve(Options(folder=tmp_path / "nowhere")) == command.COULD_NOT_RUN
    assert "expected a folder" in capsys.readouterr().err


def test_only_a_mock_that_others_can_reach_makes_up_a_token():
    assert command.guard_of(Options()) == Guard(None, open_here=True)
    assert command.guard_of(Options(token="mine")) == Guard("mine", open_here=True)
    assert command.guard_of(Options(host="0.0.0.0", token="mine")) == Guard("mine", open_here=False)
    made_up = command.guard_of(Options(host="0.0.0.0"))
    assert (made_up.open_here, len(made_up.token or "") >= 20) == (False, True)
    assert made_up != command.guard_of(Options(host="0.0.0.0"))


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "ws://127.0.0.1:8000/"), ("::", "ws://[::1]:8000/"), ("localhost", "ws://localhost:")],
)
def test_the_printed_address_can_be_connected_to_and_the_token_is_shown_once(host, shown, capsys):
    options = Options()
    house = House(options.served(), time.time)
    banner.show(house, host, [8000], Guard("made-up", open_here=False))
    printed = capsys.readouterr().out
    assert (shown in printed, printed.count("Authorization: Bearer made-up")) == (True, 1)


def test_a_defect_by_its_name_makes_another_protocol():
    broken = Options(protocols=("skybit",), defect=next(iter(defects("skybit")))).served()["skybit"]
    assert broken != Options().served()["skybit"]


def test_the_defects_are_listed(capsys):
    assert command.list_defects(Options(protocols=("skybit",))) == 0
    printed = capsys.readouterr().out
    assert [name for name in defects("skybit") if name not in printed] == []


def test_a_variant_by_its_name_makes_another_protocol_of_each_that_has_it():
    served = Options(variant="milliseconds").served()
    plain = Options().served()
    assert [name for name in served if served[name] != plain[name]] == ["megabot"]
    assert served["megabot"].message_filters


def test_the_variants_are_listed_with_what_they_lack(capsys):
    assert command.list_variants(Options(protocols=("eventbus",))) == 0
    printed = capsys.readouterr().out
    assert [name for name in variants("eventbus") if name not in printed] == []
    assert "Has no ids at all. It lacks event_ids." in printed
    assert command.list_variants(Options(protocols=("evenbus",))) == command.COULD_NOT_RUN


def test_seed_and_speed_of_the_command_line_are_those_of_the_default_stages():
    options = Options(seed=7, speed=20.0)
    scenario = options.defaults(options.served(), options.library())["skybit"]
    assert (scenario.seed, scenario.speed) == (7, 20.0)


def test_the_ports_are_those_of_the_specs_unless_others_are_given(monkeypatch):
    seen = []
    monkeypatch.setattr(command, "serve", lambda options: seen.append(options.ports) or 0)
    for words in (["serve"], ["serve", "--port", "9000", "--port", "0"]):
        CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert seen == [(8000, 3000), (9000, 0)]


def test_all_that_there_is_to_connect_to_is_printed(capsys):
    served = Options().served()
    banner.show(House(served, time.time), "127.0.0.1", [8000, 3000], Guard(None, open_here=True))
    printed = capsys.readouterr().out
    paths = [path for protocol in served.values() for path in protocol.paths]
    assert [path for path in paths if f"  ws://127.0.0.1:8000{path}\n" not in printed] == []
    endpoints = [f"{each.method} http://127.0.0.1:8000{each.path}" for p in served.values() for each in p.http]
    assert [each for each in endpoints if each not in printed] == []
    assert "also at     ws://127.0.0.1:3000, all of it" in printed
