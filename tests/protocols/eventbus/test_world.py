"""The back end as a whole: facts that turn, and events that scripts want."""

import json

import pytest

from harness.protocols.eventbus.world import EventBusWorld


def test_every_live_fact_is_a_fact(bus_of):
    assert set(bus_of().world.facts.__slots__) - {"instruments", "horizons"} == EventBusWorld.LIVE


def test_what_turns_in_one_part_does_not_disturb_the_others(bus_of, turn):
    turned, left_alone = bus_of(), bus_of()
    for bus in (turned, left_alone):
        bus.wait(20)
    turn(turned, training="failing", hft="stopped")
    for bus in (turned, left_alone):
        bus.wait(60)
    for channel in ("prediction", "automation"):
        told, same = (
            [(at, e["type"], e["payload"]) for at, e in getattr(bus, channel).log] for bus in (turned, left_alone)
        )
        assert told == same


def test_every_event_may_be_scripted_by_each_of_its_examples(bus_of, say):
    for paused in (True, False):
        stopped = {"predictor": "stopped", "automation": "paused", "training": "paused", "hft": "stopped"}
        bus = bus_of(**(stopped if paused else {}))
        bus.wait(30)
        for name, examples in bus.play.stage.shapes.examples.items():
            for variant in (None, *examples):
                say(bus, name, variant)
                assert bus.world.check_books() == []
        bus.wait(400)


def test_a_scripted_event_goes_once_to_all_of_its_channel(bus_of):
    bus = bus_of(predictor="stopped", automation="paused", training="paused", hft="stopped")
    second = bus.play.connect("/api/ws/hft")
    assert bus.world.scripted("hft.error", None, {}, 0.0)
    assert bus.hft.messages() == second.messages() != []
    assert bus.prediction.messages() == bus.automation.messages() == bus.training.messages() == []
    assert bus.world.bus.event("hft.stop", {}, 0.0)["id"] == 2


def test_a_script_may_change_the_envelope_and_the_whole_payload(bus_of):
    bus = bus_of(hft="stopped")
    changes = {"id": 7, "ts": 1739570000, "payload": {"error": "mine", "extra": True}}
    bus.world.scripted("hft.error", "feed", changes, 0.0)
    assert bus.hft.messages() == [
        {"id": 7, "channel": "hft", "type": "hft.error", "payload": {"error": "mine", "extra": True}, "ts": 1739570000}
    ]


def test_examples_are_never_changed(bus_of, say):
    bus = bus_of()
    before = json.dumps(bus.world.setting.examples)
    bus.wait(20)
    for name in bus.world.setting.examples:
        say(bus, name)
    assert json.dumps(bus.world.setting.examples) == before


@pytest.mark.parametrize("seed", range(5))
def test_scripts_in_the_middle_of_things_break_no_law_of_trades_and_jobs(seed, bus_of, say, hold_the_laws):
    bus = bus_of(seed, pace=3.0)
    for name in ("training.failed", "hft.flatten", "hft.entry", "training.started", "hft.stop", "hft.start"):
        bus.wait(15)
        say(bus, name)
    bus.wait(60)
    hold_the_laws(bus)
