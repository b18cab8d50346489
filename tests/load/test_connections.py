"""The command of the tests of connections: what it says when it cannot run, and what it writes."""

from pathlib import Path

import orjson
import pytest
from rich.console import Console

from harness.load import connections
from harness.load.connections import Options
from harness.load.drops import DROPS, control_of, mock
from harness.load.findings import Finding, Findings, conclude, shown

URL = "ws://127.0.0.1:1/artifact/v1"


def run(options, connection_limit=True, find_limit=False):
    return connections.run(options, connection_limit, find_limit)


@pytest.mark.parametrize("protocol", ["megabot", "eventbus"])
def test_a_protocol_without_a_limit_says_so_in_plain_words(protocol, capsys):
    assert run(Options(protocol, URL)) == 2
    told = capsys.readouterr().err
    assert f"{protocol} has no limit of connections to test: the spec" in told
    assert "--find-limit" in told


@pytest.mark.parametrize(
    ("options", "flags", "words"),
    [
        (Options("skybitt", URL), {}, "Did you mean 'skybit'?"),
        (Options("skybit", URL), {}, "Connection refused. Is the server running, and is the path right?"),
        (Options("skybit", "http://127.0.0.1:1/"), {}, "is no WebSocket URL"),
        (Options("skybit", URL), {"find_limit": True}, "found --connection-limit and --find-limit: one test at a time"),
        (
            Options("skybit", URL, json=Path("/nowhere/x.json")),
            {},
            "--json /nowhere/x.json: expected a file in a folder",
        ),
        (Options("skybit", URL, storm="x"), {"connection_limit": False}, "expected cut, mock, restart, found 'x'"),
    ],
)
def test_what_cannot_run_says_why(options, flags, words, capsys):
    assert run(options, **flags) == 2
    assert words in capsys.readouterr().err


def test_credentials_that_cannot_be_read_are_named(tmp_path, capsys):
    assert run(Options("skybit", URL, tokens=tmp_path / "nowhere")) == 2
    assert "nowhere: cannot be read: No such file or directory\n" in capsys.readouterr().err


def test_without_locust_the_way_to_get_it_is_told(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run(Options("skybit", URL)) == 2
    assert "pip install 'ws-harness[load]'" in capsys.readouterr().err


def test_findings_are_printed_as_they_come_and_written_as_json(tmp_path):
    console = Console(width=200, record=True, highlight=False)
    kept = shown([Finding("a", True, "[x]", {"b_ms": 1.5}), Finding("c", None, "d"), Finding("e", False, "f")], console)
    findings = Findings("storm", "skybit", URL, kept, "It is over.", ["Doubtful."])
    conclude(findings, console)
    text = console.export_text()
    for line in ("held   a ([x])", "noted  c (d)", "broken e (f)", "Doubtful.", "It is over."):
        assert line in text
    path = tmp_path / "found.json"
    findings.write(path)
    written = orjson.loads(path.read_bytes())
    assert (written["test"], written["hold"], written["verdict"]) == ("storm", False, "It is over.")
    assert written["findings"][0] == {"text": "a", "holds": True, "seen": "[x]", "figures": {"b_ms": 1.5}}


def test_only_our_mock_can_be_told_to_close_all():
    with pytest.raises(ValueError, match=r"--storm mock needs our mock, on this machine"):
        mock("skybit", URL).happen([])
    assert control_of("skybit", "wss://a/b") == "https://a/_harness/stages/skybit/default/close"


def test_whoever_restarts_the_server_is_told_when(capsys):
    drop = DROPS["restart"]("skybit", URL)
    drop.happen([])
    assert "Restart the server now" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    findings = Findings("storm", "skybit", URL, [], "", [])
    with pytest.raises(ValueError, match=r"nowhere/found.json: cannot be written: No such file or directory"):
        connections._write(findings, tmp_path / "nowhere" / "found.json")
