"""Numbers and channels of events."""

import pytest

from harness.core.clock import Clock
from harness.core.topics import Topics
from harness.protocols.eventbus.bus import Bus


@pytest.fixture
def topics():
    return Topics()


class Ear:
    def __init__(self):
        self.heard = []

    def notice(self, topic, event, now):
        self.heard.append(event)


def test_all_channels_share_one_counter(topics):
    bus, predictions, trades = Bus(Clock(), topics), Ear(), Ear()
    topics.listen("prediction", predictions)
    topics.listen("hft", trades)
    for kind in ("predictor.start", "hft.start", "training.started", "predictor.stop", "hft.stop"):
        bus.publish(kind, {}, 1.0)
    assert [event["id"] for event in predictions.heard] == [1, 4]
    assert [event["id"] for event in trades.heard] == [2, 5]


def test_all_listeners_are_given_the_same_object(topics):
    bus, one, other = Bus(Clock(), topics), Ear(), Ear()
    topics.listen("hft", one)
    topics.listen("hft", other)
    bus.publish("hft.stop", {}, 0.0)
    assert one.heard[0] is other.heard[0]


def test_an_event_has_the_stable_envelope_with_whole_seconds(topics):
    bus = Bus(Clock(1739570000.25), topics)
    assert bus.event("predictor.stop", {}, 1.0) == {
        "id": 1,
        "channel": "prediction",
        "type": "predictor.stop",
        "payload": {},
        "ts": 1739570001,
    }
    assert bus.latest_s == 1739570001


@pytest.mark.parametrize("epoch_s", [1739570000.0, 1739570000.1, 1739570000.7, 1739569999.999999])
def test_the_moment_of_an_epoch_second_falls_into_it(epoch_s, topics):
    bus = Bus(Clock(epoch_s), topics)
    for ts in range(1739570001, 1739573000, 7):
        assert bus.ts(bus.due(ts)) == ts
