from pathlib import Path

import pytest

from harness.load import command
from harness.load.command import Options

URL = "ws://127.0.0.1:1/artifact/v1"


def said(**more):
    words = command.arguments(Options("skybit", URL, **more))
    return dict(zip(words[2::2], words[3::2], strict=True))


def test_locust_is_told_what_the_options_say():
    options = said(
        users=200, run_time="1m", targets=Path("t.toml"), html=Path("r.html"), tokens=Path("t.txt"), json=Path("r.json")
    )
    assert options["--host"] == URL
    assert options["--users"] == "200"
    assert options["--run-time"] == "1m"
    assert options["--targets"] == "t.toml"
    assert options["--html"] == "r.html"
    assert options["--tokens"] == "t.txt"
    assert options["--report-json"] == "r.json"
    assert Path(options["--locustfile"]).is_file()


def test_users_come_within_five_seconds_unless_told_otherwise():
    assert said(users=200)["--spawn-rate"] == "40"
    assert said(users=3)["--spawn-rate"] == "1"
    assert said(users=200, spawn_rate=2.5)["--spawn-rate"] == "2.5"


def test_what_is_not_said_is_not_passed_on():
    assert {"--targets", "--html", "--tokens", "--report-json"} & set(said()) == set()


def test_an_unknown_protocol_is_named_with_the_nearest_one(capsys):
    assert command.load(Options("skybitt", URL)) == 2
    assert "Did you mean 'skybit'?" in capsys.readouterr().err


def test_without_locust_the_way_to_get_it_is_told(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert command.load(Options("skybit", URL)) == 2
    assert "pip install 'ws-harness[load]'" in capsys.readouterr().err


@pytest.mark.parametrize("run_time", ["5x", "", "m", "1m 30s"])
def test_a_time_that_is_none_is_told_with_what_was_expected(run_time, capsys):
    assert command.load(Options("skybit", URL, run_time=run_time)) == 2
    assert capsys.readouterr().err == f"--run-time {run_time}: expected a time such as 30s, 5m or 1h30m\n"


@pytest.mark.parametrize("run_time", [None, "20", "30s", "5m", "1h30m"])
def test_times_that_locust_knows_are_good(run_time):
    assert command._time_problem(run_time) is None
