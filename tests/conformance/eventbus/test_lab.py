"""The lab of EventBus, and servers that lack something or end what others keep."""

import random

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.profile import Profile
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options, Unreachable
from harness.core.defect import in_protocol
from harness.protocols.eventbus.defects.connection import EndsWhoTalks, no_hft, no_prediction
from harness.protocols.eventbus.lab import EventBusLab, demo_profile, endpoint

EVENTBUS = suite.load("eventbus")
MOCK = protocols.load("eventbus")


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("ws://host/api/ws", "ws://host/api/ws/hft"),
        ("ws://host/api/ws/", "ws://host/api/ws/hft"),
        ("ws://host/api/ws/prediction", "ws://host/api/ws/hft"),
        ("wss://host/x/training?key=1", "wss://host/x/hft?key=1"),
        ("ws://host/hft", "ws://host/hft"),
    ],
)
def test_a_target_is_the_base_of_all_channels_or_one_of_them(target, url):
    assert endpoint(target, "hft") == url


def test_a_run_begins_at_a_channel_that_the_server_has():
    lacking = Profile("ws://host/api/ws", capabilities={"prediction": False})
    assert EventBusLab.doors(lacking)[0] == "ws://host/api/ws/automation"
    none = Profile(
        "ws://host/api/ws", capabilities=dict.fromkeys(("prediction", "automation", "training", "hft"), False)
    )
    assert len(EventBusLab.doors(none)) == 4


def test_the_rare_events_of_the_mock_show_on_a_stage_of_each_run():
    one, other = (demo_profile("ws://mock/api/ws/hft", random.Random(seed)) for seed in (1, 2))
    assert one.target == "ws://mock/api/ws/hft"
    assert one.urls["trader_incidents"] != other.urls["trader_incidents"]
    assert one.urls["trader_incidents"].startswith("ws://mock/api/ws/hft?scenario=every-event&stage=")


@pytest.mark.parametrize("defect", [no_hft, no_prediction], ids=lambda defect: defect.name)
def test_a_server_without_a_channel_is_judged_by_the_others(defect):
    report = rehearse(EVENTBUS, defect.apply(MOCK))
    assert [v.id for v in report.of("failed")] == [defect.breaks]
    assert report["EVB-CONN-08"].verdict == report["EVB-TRAIN-18"].verdict == "passed"
    assert report.broken == []


def test_a_server_without_any_channel_is_not_judged():
    with pytest.raises(Unreachable, match=r"/prediction refuses the opening handshake with status 404"):
        rehearse(EVENTBUS, in_protocol("", "", "", paths=("/api/ws/prediction/none",)).apply(MOCK))


def test_what_who_talks_goes_on_to_hear_is_not_known_where_that_ends_the_connection():
    report = rehearse(EVENTBUS, EndsWhoTalks.apply(MOCK), Options(only=("EVB-CONN-12", "EVB-CONN-13")))
    assert report["EVB-CONN-12"].verdict == "failed"
    assert report["EVB-CONN-13"].reason == "the server ends the connection of who talks"
