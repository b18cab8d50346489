"""Listeners of the load test, played against the mock in memory and virtual time."""

import pytest

from harness.core.clock import Clock
from harness.protocols.eventbus import PROTOCOL
from harness.protocols.eventbus.users import (
    AutomationListener,
    HftListener,
    PredictionListener,
    TrainingListener,
)

KINDS = (PredictionListener, AutomationListener, TrainingListener, HftListener)


def listening(crowd_of, *kinds, **more):
    return crowd_of(PROTOCOL, *(kinds or (PredictionListener,)), **more)


def test_listeners_measure_all_rows_without_an_error(crowd_of):
    crowd = listening(crowd_of, *KINDS).run(120).end()
    assert set(crowd.samples) == {row for kind in KINDS for row in kind.ROWS} - {"connect"}
    assert crowd.errors == []


@pytest.mark.parametrize("url", ["ws://mock/api/ws", "ws://mock/api/ws/hft"])
def test_each_kind_finds_its_channel_beside_the_others(crowd_of, url):
    crowd = listening(crowd_of, *KINDS, url=url)
    paths = [user.dial.url.removeprefix("ws://mock") for user in crowd.users]
    assert paths == [f"/api/ws/{kind.CHANNEL}" for kind in KINDS]


def test_an_event_reaches_all_listeners_and_the_first_counts_for_none(crowd_of):
    crowd = listening(crowd_of, HftListener, HftListener).run(60)
    assert set(crowd.samples["fanout"]) == {0.0}
    assert crowd.counts["fanout"] == crowd.counts["hft"]
    event = {"id": 10_000, "channel": "hft", "type": "hft.stop", "payload": {}, "ts": 1705314661}
    crowd.users[0].behaviour.received(event, 61.0, 1)
    crowd.users[1].behaviour.received(event, 61.25, 1)
    assert crowd.samples["fanout"][-2:] == [0.0, 250.0]


def test_of_a_stream_without_ids_nobody_knows_which_event_is_which(crowd_of):
    crowd = listening(crowd_of, HftListener)
    crowd.users[0].behaviour.received({"channel": "hft", "type": "hft.stop", "payload": {}, "ts": 1705314600}, 1.0, 1)
    assert "fanout" not in crowd.samples
    assert crowd.counts["hft"] == 1


def test_the_time_between_two_events_is_that_of_the_channel(crowd_of):
    crowd = listening(crowd_of, HftListener)
    for number, at_s in enumerate((1.0, 1.5, 4.5)):
        event = {"id": number, "channel": "hft", "type": "hft.stop", "payload": {}, "ts": 1705314600}
        crowd.users[0].behaviour.received(event, at_s, 1)
    assert crowd.samples["hft"] == [500.0, 3000.0]


def test_silence_is_no_error(crowd_of):
    stopped = {"predictor": "stopped", "automation": "paused", "training": "paused", "hft": "stopped"}
    crowd = listening(crowd_of, *KINDS, facts=stopped).run(120).end()
    assert set(crowd.samples) == {"ping"}
    assert crowd.errors == []


def test_predictions_are_resolved_when_they_promised(crowd_of):
    crowd = listening(crowd_of, clock=Clock(1705314600.4)).run(60)
    assert crowd.samples["resolved"] == pytest.approx([0.0] * len(crowd.samples["resolved"]), abs=1e-3)
    resolution = {"type": "prediction.resolved", "payload": {"ts_target": 1705314661}, "ts": 1705314662.25}
    crowd.users[0].behaviour.received(resolution, 62.25, 1)
    assert crowd.samples["resolved"][-1] == pytest.approx(1650.0)
    assert crowd.samples["delay"][-1] == pytest.approx(400.0)


def test_another_machines_clock_tells_nothing(crowd_of):
    crowd = listening(crowd_of, same_clock=False).run(60)
    assert {"delay", "resolved"} & set(crowd.samples) == set()


def test_a_listener_pings_at_its_pace(crowd_of):
    crowd = listening(crowd_of, paces={"ping_s": 0.1}).run(20)
    assert len(crowd.users[0].pinged) == 200
    assert crowd.users[0].sent == []
