"""The load job as its users run it: processes, sockets, exit codes."""

import importlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.core.message import epoch_s
from harness.load.behaviour import behaviours_in

pytestmark = [pytest.mark.socket, pytest.mark.slow]

HERE = Path(__file__).parent
WS_HARNESS = ("-c", "from harness.cli import main; main()")
LOCUSTFILE = HERE.parents[1] / "harness/load/locustfile.py"
# Generous, since a test machine may be busy with other things.
LOOSE = "[pace]\nheartbeat_s = 1\nchat_s = 2\n" + "".join(
    f"[targets.{row}]\np99_ms = 5000\nerror_rate = 0\n" for row in ("connect", "auth", "heartbeat", "plan", "approve")
)


@contextmanager
def running(*command):
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def stub(*arguments):
    with told_by_stub(*arguments) as (url, _):
        yield url


@contextmanager
def told_by_stub(*arguments):
    """A stub server's URL, and what ends it and brings what it has to tell."""
    with running(str(HERE / "stub_server.py"), *arguments) as process:

        def tell():
            process.terminate()
            return json.loads(process.communicate(timeout=10)[0])

        yield f"ws://127.0.0.1:{process.stdout.readline().strip()}/artifact/v1", tell


@pytest.fixture(scope="module")
def mock():
    with running(*WS_HARNESS, "serve", "skybit", "--port", "0", "--log-level", "warning") as process:
        for line in process.stdout:
            found = re.search(r"ws://127\.0\.0\.1:\d+/artifact/v1", line)
            if found:
                yield found[0]
                return
        pytest.fail("the mock did not start")


@pytest.fixture
def plan(tmp_path):
    def write(text):
        path = tmp_path / "load.toml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture(scope="module")
def all_mocks():
    """Where all protocols are served: the URL without a path."""
    with running(*WS_HARNESS, "serve", "--port", "0", "--log-level", "warning") as process:
        for line in process.stdout:
            found = re.search(r"ws://127\.0\.0\.1:\d+", line)
            if found:
                yield found[0]
                return
        pytest.fail("the mock did not start")


def load(url, *options, protocol="skybit"):
    command = [sys.executable, *WS_HARNESS, "load", protocol, url, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def row_of(output, name):
    line = next(line for line in output.splitlines() if line.startswith(f"│ {name} "))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_a_run_ends_with_a_table_two_pages_and_exit_0(mock, plan, tmp_path):
    html, page, document = tmp_path / "locust.html", tmp_path / "report.html", tmp_path / "report.json"
    pages = ["--html", str(html), "--report", str(page), "--json", str(document)]
    run = load(
        mock, "--users", "10", "--shape", "ramp", "--steps", "2", "--run-time", "6s", "--targets", plan(LOOSE), *pages
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "All 10 targets met." in run.stdout
    assert row_of(run.stdout, "connect")[1] == "10"
    for row in ("heartbeat", "plan", "preview", "approve", "fill", "quote"):
        assert int(row_of(run.stdout, row)[1]) > 0
    assert "SkybitTrader" in html.read_text()
    assert "TARGETS MET" in page.read_text()
    kept = json.loads(document.read_text())
    assert (kept["protocol"], kept["users"], kept["exit_code"]) == ("skybit", 10, 0)
    assert {target["verdict"] for target in kept["targets"]} == {"met"}
    assert kept["rows"][0]["count"] == 10
    assert kept["generator"]["lag_max_ms"] >= kept["generator"]["lag_p50_ms"] > 0


# Path, rows that must have been measured without an error in a few seconds, and options behind those of all.
OTHERS = {
    "brainstream": ("/ws/stream", ("connect", "first", "tick", "update", "ping"), ()),
    "eventbus": ("/api/ws", ("connect", "ping", "fanout"), ("--", "HftListener", "AutomationListener")),
    "megabot": ("/ws", ("connect", "login", "established", "first_chunk", "fanout", "ping"), ()),
    "sigmax": ("/api/ws", ("connect", "connected", "subscribe", "unsubscribe", "ping", "get_status", "command"), ()),
}


def test_the_users_of_all_other_protocols_meet_their_mocks(all_mocks, tmp_path):
    def run(name):
        path, rows, extra = OTHERS[name]
        kinds = behaviours_in(importlib.import_module(f"harness.protocols.{name}.users"))
        paces = [f"{pace} = {min(1, value.usual_s)}" for kind in kinds for pace, value in kind.PACES.items()]
        targets = [f"[targets.{row}]\np95_ms = 5000\nerror_rate = 0" for row in rows]
        file = tmp_path / f"{name}.toml"
        file.write_text("\n".join(["[pace]", *dict.fromkeys(paces), *targets]))
        options = ("--users", "8", "--spawn-rate", "8", "--run-time", "4s", "--targets", str(file), *extra)
        return load(all_mocks + path, *options, protocol=name)

    with ThreadPoolExecutor() as pool:
        runs = dict(zip(OTHERS, pool.map(run, OTHERS), strict=True))
    for name, done in runs.items():
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"All {2 * len(OTHERS[name][1])} targets met." in done.stdout
    assert "│ hft " in runs["eventbus"].stdout
    assert "│ training " not in runs["eventbus"].stdout


def test_a_channel_that_is_not_there_is_named_and_how_to_do_without():
    with stub() as url:  # Which has one path alone.
        run = load(url.replace("artifact/v1", "channels"), protocol="eventbus")
    assert run.returncode == 2
    assert "/channels/prediction: the server refuses the handshake with status 404" in run.stderr
    assert "name the other users after --: HftListener" in run.stderr


def test_credentials_that_are_not_taken_are_told_before_the_run(all_mocks, tmp_path):
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("user:wrong\n")
    run = load(f"{all_mocks}/ws", "--tokens", str(tokens), protocol="megabot")
    assert run.returncode == 2
    assert "/ws: login: HTTP status 401" in run.stderr
    assert "wrong" not in run.stderr


def test_a_missed_target_is_named_and_the_exit_code_is_1(mock, plan):
    targets = "[pace]\nheartbeat_s = 0.5\n[targets.heartbeat]\np95_ms = 0.001\nthroughput_per_s = 1000\n"
    run = load(mock, "--users", "2", "--run-time", "3s", "--targets", plan(targets))
    assert run.returncode == 1
    assert "2 of 2 targets missed:" in run.stdout
    assert re.search(r"heartbeat: p95_ms must be at most 0\.001, it was [\d.]+", run.stdout)
    assert re.search(r"heartbeat: throughput_per_s must be at least 1000, it was [\d.]+", run.stdout)


def test_ctrl_c_ends_a_run_and_what_was_measured_is_judged_and_kept(tmp_path):
    """Signalled as a terminal does it, to the command and to Locust beneath it, once all users are there."""
    document = tmp_path / "report.json"
    with running(*WS_HARNESS, "serve", "skybit", "--port", "0") as server:
        url = next(found[0] for line in server.stdout if (found := re.search(r"ws://[\d.:]+/artifact/v1", line)))
        words = ["load", "skybit", url, "--users", "2", "--run-time", "60s", "--json", str(document)]
        command = [sys.executable, *WS_HARNESS, *words]
        pipe = subprocess.PIPE
        run = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
        opened = (line for line in server.stdout if " opened from " in line)
        assert len(list(itertools.islice(opened, 3))) == 3  # One that looked whether anybody is there, and the users.
        os.killpg(run.pid, signal.SIGINT)
        output, errors = run.communicate(timeout=20)
    assert "2 users for " in output
    assert (errors.count("KeyboardInterrupt"), errors.count("Traceback")) == (0, 0)
    kept = json.loads(document.read_text())
    assert 1 <= kept["rows"][0]["count"] <= 2  # The second may have noticed only the end.
    assert kept["took_s"] < 50
    assert run.returncode == kept["exit_code"]


def test_latency_counts_from_the_intended_moment_while_the_server_stalls(plan, tmp_path):
    """Twenty users beat twice a second through a stall of two seconds: 80 beats wait for it, up to two seconds.

    A generator that waits for one reply before it sends the next would know of 20.
    """
    statistics = tmp_path / "statistics"
    quick_beats = plan("[pace]\nheartbeat_s = 0.5\nchat_s = 1000\n[targets.heartbeat]\np99_ms = 500\n")
    with stub("1.5", "2") as url:
        options = ["--users", "20", "--spawn-rate", "100", "--run-time", "6s", "--targets", quick_beats]
        options += ["--host", url, "--headless", "--only-summary", "--json-file", str(statistics)]
        run = locust(*options).wait(timeout=30)
    assert run == 1
    entries = {e["name"]: e for e in json.loads(statistics.with_suffix(".json").read_text())}
    times = entries["heartbeat"]["response_times"]
    late = sorted(float(ms) for ms, count in times.items() for _ in range(count) if float(ms) > 500)
    # Of 80 beats spread evenly over the stall, three in four are later than half a second.
    assert 55 <= len(late) <= 75
    assert 1800 <= late[-1] <= 2800
    assert entries["heartbeat"]["num_requests"] >= 0.95 * 20 * 2 * 5.5


def test_a_server_that_freezes_is_found_out_by_the_very_percentile(plan):
    """Frozen for 0.5 s in every 2 s: of a steady stream a quarter waits, up to 0.5 s; so one in ten waits 0.3 s."""
    beats_only = plan("[pace]\nheartbeat_s = 0.5\nchat_s = 1000\n")
    with told_by_stub("1.5", "0.5", "2") as (url, tell):
        run = load(url, "--users", "200", "--spawn-rate", "200", "--run-time", "11s", "--targets", beats_only)
        told = tell()
    assert run.returncode == 0, run.stdout + run.stderr
    beats = [[(epoch_s(sent), *answered_s) for sent, *answered_s in own] for own in told if own]
    sent_s = [[beat[0] for beat in own] for own in beats]
    last_s = max(own[-1] for own in sent_s)
    row = row_of(run.stdout, "heartbeat")
    known_ms = sorted(1000 * (beat[1] - beat[0]) for own in beats for beat in own if len(beat) == 2)
    assert float(row[6]) > 250
    assert float(row[6]) == pytest.approx(known_ms[len(known_ms) * 9 // 10], rel=0.05)
    # Whether the server was frozen or not, each user's beats went out every half second until the end.
    wanted = sum(int((last_s - own[0]) / 0.5 + 1e-3) + 1 for own in sent_s)
    assert sum(map(len, sent_s)) >= 0.99 * wanted
    assert row[4] == "100%"


def test_a_master_and_two_workers_judge_what_they_measured_together(mock, plan):
    port = free_port()
    with_master = ["--master-port", port]
    workers = [locust("--worker", *with_master) for _ in range(2)]
    master = locust(
        "--headless", "--master", "--expect-workers", "2", "--master-bind-port", port, "--master-bind-host",
        "127.0.0.1", "--host", mock, "--users", "6", "--spawn-rate", "6", "--run-time", "5s", "--only-summary",
        "--targets", plan(LOOSE),
    )  # fmt: skip
    try:
        output = master.communicate(timeout=30)[0]
        assert master.returncode == 0, output
        assert row_of(output, "connect")[1] == "6"
        assert row_of(output, "heartbeat")[4] == "100%"
        # One a second: the workers act at the pace of the master's file.
        assert int(row_of(output, "heartbeat")[1]) >= 12
        assert [worker.wait(timeout=10) for worker in workers] == [0, 0]
    finally:
        for process in (master, *workers):
            process.kill()
            process.communicate()


def test_the_connection_limit_holds(mock, tmp_path):
    found = tmp_path / "found.json"
    run = load(f"{mock}?token=secret", "--connection-limit", "--json", str(found))
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("held") == 14
    assert "RATE_LIMIT" in run.stdout
    assert json.loads(found.read_text())["verdict"] == "The connection limit holds."
    assert "secret" not in found.read_text()


def test_where_a_server_stops_is_searched_for(mock):
    run = load(mock, "--find-limit", "--most", "100")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "64 of 64 connected" in run.stdout
    assert "No limit up to 100 connections" in run.stdout


@pytest.mark.parametrize("how", ["cut", "mock"])
def test_all_come_back_from_a_storm(mock, how):
    run = load(mock, "--storm", how, "--users", "30")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "All 30 users were served again after" in run.stdout


def test_a_server_without_a_limit_is_found_out():
    with stub() as url:
        run = load(url, "--connection-limit")
    assert run.returncode == 1
    assert "broken one more is refused (it was admitted)" in run.stdout
    assert "The connection limit does not hold." in run.stdout


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("ws://127.0.0.1:1/artifact/v1", [], "Connection refused"),
        ("ws://127.0.0.1:1/artifact/v1", ["--connection-limit"], "Connection refused"),
        ("http://127.0.0.1:1/artifact/v1", [], "is no WebSocket URL"),
        ("ws://127.0.0.1:1/artifact/v1", ["--targets", "/nowhere.toml"], "/nowhere.toml: cannot be read"),
        ("ws://127.0.0.1:1/artifact/v1", ["--json", "/nowhere/r.json"], "--json /nowhere/r.json: expected a file in a"),
    ],
)
def test_what_cannot_run_says_why_and_the_exit_code_is_2(url, options, words):
    run = load(url, *options)
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_a_kind_of_users_that_is_not_there_is_no_missed_target(mock):
    run = load(mock, "--", "SkybitTrada")
    assert run.returncode == 2
    assert "SkybitTrada" in run.stderr


def test_a_wrong_path_is_told_by_its_status(mock):
    run = load(mock.replace("artifact", "nowhere"))
    assert run.returncode == 2
    assert "refuses the handshake with status 404" in run.stderr


def locust(*options):
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--protocol", "skybit", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
