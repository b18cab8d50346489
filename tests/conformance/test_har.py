"""Recordings of browsers and proxies: HAR files with WebSocket messages."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path

import pytest

from harness.conformance import har, suite
from harness.conformance.judging import UnreadableError, judge_files, read
from harness.core.message import Frame, Opcode
from harness.protocols.skybit import PROTOCOL
from harness.scenario.house import House
from harness.server.admin import Guard
from harness.server.app import Server

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "fixtures" / "sigmax" / "recordings"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
OPENED, OPENED_S = "2024-01-15T10:30:00.000Z", 1705314600.0


def entry(*messages, **more):
    request = {"method": "GET", "url": "ws://localhost:8000/artifact/v1?token=secret&stage=mine"}
    return {"startedDateTime": OPENED, "request": request, "_webSocketMessages": list(messages), **more}


def text(*entries):
    return json.dumps({"log": {"version": "1.2", "entries": [{"request": {"url": "http://localhost/"}}, *entries]}})


def message(sender, time_, data, opcode=1):
    return {"type": sender, "time": time_, "opcode": opcode, "data": data}


@pytest.mark.parametrize("unit", [1, 1000], ids=["seconds", "milliseconds"])
def test_messages_have_their_sender_and_their_time_since_the_handshake(unit):
    sent = message("send", (OPENED_S + 0.5) * unit, '{"type":"Auth"}')
    received = message("receive", (OPENED_S + 0.75) * unit, '{"type":"Auth","n":"Zoë"}')
    [conversation] = har.conversations(text(entry(sent, received)))
    assert [(round(e.at_s, 3), e.sender) for e in conversation.entries] == [(0.5, "client"), (0.75, "server")]
    assert conversation.received("Auth") == [{"type": "Auth", "n": "Zoë"}]


def test_each_connection_is_a_conversation_and_its_url_has_no_secrets():
    first, second = har.conversations(
        text(entry(message("send", OPENED_S, "a")), entry(message("send", OPENED_S, "b")))
    )
    assert [each.entries[0].frame.data for each in (first, second)] == [b"a", b"b"]
    assert first.about == {"url": "ws://localhost:8000/artifact/v1?token=(hidden)&stage=mine", "opened": OPENED}


def test_binary_data_is_in_base64_and_control_frames_are_what_they_are():
    messages = [
        message("receive", OPENED_S, "AP8=", 2),
        message("receive", OPENED_S, "no base64", 2),
        message("send", OPENED_S, "AP8=", 9),
        {**message("receive", OPENED_S, "over", 8), "code": 1001},
        message("receive", OPENED_S, "", 8),
        message("error", OPENED_S, "lost", 1),
        message("receive", OPENED_S, "?", -1),
    ]
    [conversation] = har.conversations(text(entry(*messages)))
    assert [each.frame for each in conversation.entries] == [
        Frame(Opcode.BINARY, b"\x00\xff"),
        Frame(Opcode.BINARY, b"no base64"),
        Frame(Opcode.PING, b"\x00\xff"),
        Frame(Opcode.CLOSE, code=1001, reason="over"),
        Frame(Opcode.CLOSE),
    ]


def test_time_begins_with_the_first_message_where_nothing_else_is_known():
    late = entry(message("send", 5.0, "a"), message("send", 6.5, "b"), startedDateTime=None, request=None)
    [conversation] = har.conversations(text(late))
    assert [each.at_s for each in conversation.entries] == [0.0, 1.5]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"log": 5}', "expected a HAR: an object with log.entries"),
        ('{"log": {"entries": [', "expected a HAR: an object with log.entries"),
        (text(), "expected an entry with _webSocketMessages, found none: export the HAR with content"),
        (text(entry({"type": "send"})), "log.entries.1._webSocketMessages.0: expected type, time, opcode and data"),
        (text(entry(message("send", -1, "a"))), "_webSocketMessages.0.time: expected a time, found -1"),
    ],
)
def test_a_har_that_cannot_be_judged_is_told_with_its_place(tmp_path, content, told):
    (tmp_path / "a.har").write_text(content)
    with pytest.raises(UnreadableError) as caught:
        read(tmp_path / "a.har")
    assert str(caught.value).startswith(f"{tmp_path / 'a.har'}: ")
    assert told in str(caught.value)


def test_secrets_in_messages_are_hidden_as_in_other_recordings(tmp_path):
    (tmp_path / "a.har").write_text("\ufeff" + text(entry(message("send", OPENED_S, '{"token": "secret"}'))))
    [conversation] = read(tmp_path / "a.har")
    assert conversation.entries[0].frame.data == b'{"token": "(hidden)"}'


@pytest.mark.parametrize(
    ("name", "violated"), [("chrome-devtools", []), ("mitmproxy", ["SIG-CLI-05"])], ids=["devtools", "mitmproxy"]
)
def test_what_devtools_and_mitmproxy_exported_is_judged(name, violated):
    """Both watched a client for nine seconds; that behind mitmproxy asked for a topic which does not exist."""
    path = RECORDINGS / f"{name}.har"
    [conversation] = read(path)
    assert next(m["type"] for m in conversation.received()) == "connected"
    assert conversation.sent("subscribe")
    times = [each.at_s for each in conversation.entries]
    assert times == sorted(times)
    assert times[0] >= 0
    assert 8 < times[-1] < 10
    report = judge_files(suite.load("sigmax"), [path])
    assert [v.id for v in report.of("failed")] == violated
    assert report.broken == []
    assert len(report.of("passed")) > 80


@pytest.mark.socket
@pytest.mark.node
@pytest.mark.chromium
async def test_what_playwright_records_in_chromium_is_judged_like_our_own(tmp_path):
    server = Server(House({"skybit": PROTOCOL}, time.time), Guard(None, True))
    await server.start()
    try:
        port = await server.listen("127.0.0.1", 0)
        path, urls = (
            tmp_path / "trade.har",
            (f"http://127.0.0.1:{port}/", f"ws://127.0.0.1:{port}/artifact/v1?stage=har&speed=20"),
        )
        words = ("node", "tests/node/har.mjs", CHROMIUM, *urls, str(path))
        process = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        await server.stop(1)
    [conversation] = read(path)
    kinds = [m["type"] for m in conversation.received() if m["type"] != "MarketData"]
    assert kinds == ["Auth", "Plan", "Preview", "Status", "Status", "Status"], out
    assert [each.at_s for each in conversation.entries] == sorted(each.at_s for each in conversation.entries)
    report = judge_files(suite.load("skybit"), [path])
    assert report.broken == []
    assert [v.id for v in report.of("failed") if v.requirement.level == "MUST"] == []
    assert len(report.of("passed")) > 80
