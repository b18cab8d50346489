"""All laws, over many seeds and over a whole day."""

import json
from statistics import mean

import pytest

from harness.protocols.eventbus import PROTOCOL

pytestmark = pytest.mark.no_cover  # Measuring makes long plays three times as long; short ones reach the same lines.

SEEDS = range(24)

# What may happen to the back end: moments, and the facts that change then.
TROUBLES = (
    {20: {"predictor": "failing", "training": "failing", "automation": "failing", "hft": "failing"}},
    {20: {"predictor": "stopped", "hft": "stopped"}, 50: {"predictor": "running", "hft": "running"}},
    {20: {"flatten": True}, 21: {"flatten": False, "pace": 20.0}, 40: {"flatten": True, "pace": 1.0}},
    {10: {"volatility": 50.0}, 60: {"volatility": 0.0}},
    {20: {"hft": "failing", "broker": "other"}, 70: {"flatten": True}, 80: {"hft": "running"}},
    {20: {"hft": "failing"}, 35: {"hft": "stopped"}, 80: {"hft": "running"}},
    {5: {"training": "paused", "automation": "paused"}, 60: {"training": "succeeding", "automation": "succeeding"}},
)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_laws_hold(seed, bus_of, turn, hold_the_laws):
    bus = bus_of(seed)
    for moment, facts in TROUBLES[seed % len(TROUBLES)].items():
        bus.wait(moment - bus.play.now)
        turn(bus, **facts)
    bus.wait(400 - bus.play.now)
    counts = hold_the_laws(bus)
    assert counts["prediction.resolved"] >= 12
    assert counts["automation_run.started"] > 5
    assert counts["training.started"] > 5


def test_in_ten_minutes_all_that_happens_by_itself_is_seen(bus_of, hold_the_laws):
    bus = bus_of()
    bus.wait(600)
    counts = hold_the_laws(bus)
    unasked = {"predictor.stop", "predictor.error", "hft.stop", "hft.error", "hft.flatten", "hft.manage_error"}
    assert set(counts) == set(bus.play.stage.shapes.names("server")) - unasked
    assert {e["payload"]["reason"] for e in bus.hft.messages("hft.exit")} == {"stop", "target", "time"}
    assert {e["payload"].get("status") for e in bus.automation.messages("automation_run.updated")} >= {
        *("running", "succeeded", "failed", None)
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_seed_gives_the_same_bytes(seed, bus_of):
    def bytes_of(seed):
        bus = bus_of(seed, pace=5.0)
        bus.wait(60)
        return json.dumps([getattr(bus, path.rpartition("/")[2]).log for path in PROTOCOL.paths])

    assert bytes_of(seed) == bytes_of(seed)
    assert bytes_of(seed) != bytes_of(seed + 10)


def test_trainings_overlap(bus_of):
    bus = bus_of()
    most = running = 0
    bus.wait(120)
    for event in bus.training.messages():
        running += {"training.started": 1, "training.progress": 0}.get(event["type"], -1)
        most = max(most, running)
    assert 2 <= most <= 4


def test_calibration_finds_what_a_model_is_wrong_by(bus_of):
    bus = bus_of(instruments=["BTCUSDT"], horizons={"5s": 3})
    bus.wait(3600)
    raws = {e["payload"]["id"]: e["payload"]["pred_ret"] for e in bus.prediction.messages("prediction.created")}
    resolved = [e["payload"] for e in bus.prediction.messages("prediction.resolved")][200:]
    skew = mean(each["actual_ret"] - raws[each["id"]] for each in resolved)
    assert abs(mean(each["error"] for each in resolved)) < abs(skew) / 3, "adjusted, they are less wrong on average"


@pytest.mark.slow
def test_a_day_keeps_all_laws(bus_of, turn, hold_the_laws):
    bus = bus_of(11, instruments=["BTCUSDT", "ETHUSDT"])
    for hour in range(24):
        changes = list(TROUBLES[hour % len(TROUBLES)].items())
        for _, facts in changes:
            turn(bus, **facts)
            bus.wait(60)
        calm = {"predictor": "running", "hft": "running", "training": "mixed", "automation": "mixed"}
        turn(bus, **calm, flatten=False, volatility=1.0, pace=0.4)
        bus.wait(3600 * (hour + 1) - bus.play.now)
    counts = hold_the_laws(bus)
    assert set(counts) == set(bus.play.stage.shapes.names("server"))
    assert counts["prediction.resolved"] > 30_000
