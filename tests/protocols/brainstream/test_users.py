"""Watchers of the load test, played against the mock in memory and virtual time."""

import pytest

from harness.load.targets import read
from harness.protocols.brainstream import PROTOCOL
from harness.protocols.brainstream.credentials import DEMO_TOKEN
from harness.protocols.brainstream.users import BrainStreamWatcher


def watching(crowd_of, *, watchers=1, **more):
    return crowd_of(PROTOCOL, *[BrainStreamWatcher] * watchers, **more)


def test_a_watcher_measures_all_rows_without_an_error(crowd_of):
    crowd = watching(crowd_of, watchers=3).run(35).end()
    assert set(crowd.samples) == set(BrainStreamWatcher.ROWS) - {"connect"}
    assert crowd.errors == []


def test_a_steady_stream_has_no_jitter(crowd_of):
    crowd = watching(crowd_of).run(20.5)
    assert crowd.samples["tick"] == pytest.approx([1000.0] * 19)
    assert crowd.samples["jitter"] == pytest.approx([0.0] * 19, abs=1e-6)
    assert crowd.counts["tick"] == crowd.intended["tick"] == 20


def test_a_quicker_stream_is_told_by_its_jitter_not_by_its_ticks(crowd_of):
    crowd = watching(crowd_of, facts={"tick_every_s": 0.25}).run(10)
    assert set(crowd.samples["tick"]) == {250.0}
    assert set(crowd.samples["jitter"]) == {750.0}


def test_what_is_stale_when_it_comes_is_late_by_its_own_timestamp(crowd_of):
    crowd = watching(crowd_of)
    watcher = crowd.users[0].behaviour
    for stamp in (
        "2024-01-15T10:30:01.500Z",
        "2024-01-15T10:30:01.500",
        "2024-01-15T10:30:01Z",
        "2024-01-15T10:30:03Z",
    ):
        watcher.received({"type": "TELEMETRY", "data": {"timestamp": stamp}}, 3.0, 1)
    # Of a stamp in whole seconds, the second that it may be from is not held against the server.
    assert crowd.samples["update"] == pytest.approx([1500.0, 1500.0, 1000.0, 0.0])


def test_another_machines_clock_tells_nothing(crowd_of):
    assert "update" not in watching(crowd_of, same_clock=False).run(10).samples


def test_a_stream_that_stops_is_an_error(crowd_of):
    crowd = watching(crowd_of)
    crowd.run(5)
    crowd.stage.world.change({"feed": "stalled"}, 5.0)
    crowd.run(20)
    assert crowd.errors == [("tick", "no reply within 10 s")]


def test_a_server_that_says_nothing_has_no_first_packet(crowd_of):
    crowd = watching(crowd_of, facts={"feed": "stalled"}, rules={"welcome": False}).run(15)
    assert sorted(crowd.errors) == [("first", "no reply within 10 s"), ("tick", "no reply within 10 s")]


def test_a_server_without_a_welcome_begins_with_a_tick(crowd_of):
    crowd = watching(crowd_of, rules={"welcome": False}).run(3)
    assert crowd.samples["first"] == [1000.0]
    assert crowd.errors == []


def test_a_watcher_keeps_its_connection_alive_at_the_pace_of_the_spec(crowd_of):
    user = watching(crowd_of).run(300).users[0]
    assert len(user.said("PING")) == 10
    assert len(user.pinged) == 60


def test_a_token_is_shown_where_one_is_given(crowd_of):
    assert watching(crowd_of).users[0].dial.subprotocols == ()
    crowd = watching(crowd_of, tokens=(DEMO_TOKEN,), rules={"token": "required"}).run(3)
    assert crowd.users[0].dial.subprotocols == ("token", DEMO_TOKEN)
    assert crowd.samples["first"] == [0.0]


def test_the_file_of_targets_has_the_figures_of_the_spec():
    plan = read(BrainStreamWatcher.TARGETS, BrainStreamWatcher.PACES, list(BrainStreamWatcher.ROWS))
    figures = {(target.row, target.figure): target.value for target in plan.targets}
    assert figures["connect", "p50_ms"] == 50  # 6.1
    assert figures["update", "p95_ms"] == 60  # 6.1
    assert figures["tick", "user_bytes_per_s"] == 5000  # 6.2
    assert plan.paces["keepalive_s"] == 30  # 8.1
