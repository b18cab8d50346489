"""Recorded conversations: whole, readable again, and without secrets."""

from __future__ import annotations

import json
import re

import pytest

from harness.core.conversation import Conversation
from harness.server import recording
from harness.server.recording import Recordings

pytestmark = pytest.mark.socket


def the_file(folder):
    [path] = folder.iterdir()
    return path


async def test_a_connection_is_recorded_whole_and_without_secrets(serving, trader, tmp_path):
    folder = tmp_path / "recordings"
    async with serving(keepers=[Recordings(folder)]) as mock, mock.client("?stage=mine&token=secret-1") as ws:
        client = trader(ws)
        await client.authenticate("demo-user-7")
        await ws.send('{"type": "Auth", "token": "secret-2')
        await ws.recv()
        await ws.close(4000, "enough")
    path = the_file(folder)
    assert path.name.startswith("skybit-mine-00001-")
    text = path.read_text()
    assert [word for word in ("demo-user-7", "secret-1", "secret-2") if word in text] == []
    record = Conversation.from_lines(text.splitlines())
    assert (record.about["protocol"], record.about["stage"]) == ("skybit", "mine")
    assert record.about["query"] == {"stage": "mine", "token": "(hidden)"}
    assert [m["type"] for m in record.received()] == ["Auth", "Error"]
    assert [e.frame.code for e in record.entries if e.frame.opcode == 8] == [4000, 4000]
    assert sorted(e.at_s for e in record.entries) == [e.at_s for e in record.entries]


@pytest.mark.parametrize(("query", "name"), [("?stage=..", "skybit----0"), ("?seed=5", "skybit-")])
async def test_the_name_of_a_stage_leads_nowhere_else(serving, tmp_path, query, name):
    async with serving(keepers=[Recordings(tmp_path / "here")]) as mock, mock.client(query):
        pass
    found = the_file(tmp_path / "here").name
    assert (found.startswith(name), re.sub(r"[\w-]", "", found)) == (True, ".")


async def test_a_recording_is_bounded(serving, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(recording, "MAX_RECORDING_BYTES", 1000)
    async with serving(keepers=[Recordings(tmp_path)]) as mock, mock.client() as ws:
        for _ in range(20):
            await ws.send("x" * 100)
            await ws.recv()
    assert the_file(tmp_path).stat().st_size <= 1000
    assert sum("no more is recorded" in r.getMessage() for r in caplog.records) == 1
    assert all(json.loads(line) for line in the_file(tmp_path).read_text().splitlines())


async def test_a_folder_that_cannot_be_written_disturbs_nobody(serving, trader, tmp_path, caplog):
    (tmp_path / "taken").write_text("a file")
    async with serving(keepers=[Recordings(tmp_path / "taken")]) as mock, mock.client() as ws:
        await trader(ws).authenticate()
    assert any("cannot record to" in r.getMessage() for r in caplog.records)
