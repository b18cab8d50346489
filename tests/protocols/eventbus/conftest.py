"""Plays of EventBus with a client on each channel, and the laws that whatever they hear must keep."""

import json
import re
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import pytest

from harness.protocols.eventbus import PROTOCOL
from harness.protocols.eventbus.rules import interval_s
from harness.scenario.loading import load

CHANNELS = ("prediction", "automation", "training", "hft")
SIGNED_ZERO = re.compile(r"-0(\.0+)?\b(?![.e\d])")


@pytest.fixture
def bus_of(play_of):
    """Makes a play and its four clients, by the names of their channels."""

    def make(seed=1, scenario=None, **facts):
        play = play_of(PROTOCOL, scenario, None if scenario else facts, seed=seed)
        clients = {path.rpartition("/")[2]: play.connect(path) for path in PROTOCOL.paths}
        return SimpleNamespace(play=play, world=play.world, wait=play.wait, **clients)

    return make


@pytest.fixture
def script(tmp_path):
    """Makes a scenario of these steps, on a back end that does all it does by itself."""

    def make(steps):
        path = tmp_path / "script.yaml"
        path.write_text(f"scenario: A script\nprotocol: eventbus\nsteps:\n{steps}")
        return load(path, {"eventbus": PROTOCOL})

    return make


@pytest.fixture
def has_signed_zero():
    """Says whether there is a -0 or -0.0 in a JSON text."""
    return SIGNED_ZERO.search


@pytest.fixture
def turn():
    """Changes facts of a bus's world, as a scenario's step does."""

    def change(bus, **facts):
        old = bus.world.facts
        bus.world.turn(type(old)(**{name: getattr(old, name) for name in old.__slots__} | facts), bus.play.now)

    return change


@pytest.fixture
def say():
    """Has an event happen by script, to all of its channel; `payload` are members that the script gives."""

    def scripted(bus, name, variant=None, **payload):
        changes = {f"payload.{key}": value for key, value in payload.items()}
        assert bus.world.scripted(name, variant, changes, bus.play.now)
        bus.wait(0)
        return getattr(bus, CHANNEL[name.split(".")[0]]).messages(name)[-1]["payload"]

    return scripted


CHANNEL = {
    "predictor": "prediction",
    "prediction": "prediction",
    "automation_run": "automation",
    "training": "training",
    "hft": "hft",
}


@pytest.fixture
def hold_the_laws():
    """Judges all that the four clients of a bus have heard since its first moment; counts of types come back."""

    def judge(bus):
        ids = [event["id"] for name in CHANNELS for event in getattr(bus, name).messages()]
        assert len(ids) == len(set(ids))
        assert max(ids) == len(ids), "one counter for all channels leaves no number out"
        for name in CHANNELS:
            client = getattr(bus, name)
            envelopes_are_right(name, client, bus.play.stage.clock)
            LAWS[name](client.messages())
        return Counter(event["type"] for name in CHANNELS for event in getattr(bus, name).messages())

    return judge


def envelopes_are_right(channel, client, clock):
    events = client.messages()
    assert not SIGNED_ZERO.search(json.dumps(events))
    assert all(a["id"] < b["id"] for a, b in pairwise(events))
    for at, event in client.log:
        assert event["channel"] == channel
        assert CHANNEL[event["type"].split(".")[0]] == channel
        assert event["ts"] == int(clock.wall_s(at) + 1e-6)


def prediction_laws(events):
    made, open_, calibrations, anchor = Counter(), {}, {}, 0
    for event in events:
        payload = event["payload"]
        match event["type"]:
            case "prediction.created":
                made["created"] += 1
                creation_is_right(event["ts"], payload, calibrations)
                assert payload["id"] not in open_
                open_[payload["id"]] = payload
            case "prediction.resolved":
                made["resolved"] += 1
                resolution_is_right(event["ts"], payload, open_.pop(payload["id"]), calibrations)
            case "predictor.cycle":
                assert (payload["created"], payload["resolved"]) == (made["created"], made["resolved"])
                assert payload["anchor"] > anchor
                anchor, made = payload["anchor"], Counter()
    assert all(each["ts_target"] >= events[-1]["ts"] for each in open_.values())


def creation_is_right(ts, payload, calibrations):
    assert payload["ts_pred"] == ts
    assert payload["ts_target"] == ts + payload["horizon_steps"] * interval_s(payload["interval"])
    assert payload["pred_ret_adj"] == round(payload["pred_ret"] - payload["calib_bias"], 8)
    assert abs(payload["pred_ret"]) <= 0.5
    known = calibrations.get((payload["instrument_key"], payload["interval"]), [])
    assert payload["calib_bias"] == pytest.approx(mean(raw for raw, _ in known), abs=2e-8)


def resolution_is_right(ts, payload, creation, calibrations):
    assert payload["ts_target"] == ts
    for name in ("instrument_key", "interval", "horizon_steps", "ts_pred", "ts_target", "pred_ret_adj"):
        assert payload[name] == creation[name]
    assert payload["error"] == round(payload["actual_ret"] - payload["pred_ret_adj"], 8)
    known = calibrations.setdefault((payload["instrument_key"], payload["interval"]), [])
    known.append((creation["pred_ret"] - payload["actual_ret"], abs(payload["error"])))
    del known[:-100]
    told = payload["calibration"]
    assert told["n"] == len(known)
    assert told["bias"] == pytest.approx(mean(raw for raw, _ in known), abs=2e-8)
    assert told["mae"] == pytest.approx(mean(size for _, size in known), abs=2e-8)


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def automation_laws(events):
    running, over = {}, set()
    for event in events:
        payload, id_ = event["payload"], event["payload"]["job_id"]
        if event["type"] == "automation_run.started":
            assert id_ not in running
            assert id_ not in over
            running[id_] = 0.0
            continue
        assert running[id_] <= payload["progress"] <= 1
        running[id_] = payload["progress"]
        if "stats" in payload:
            assert payload["progress"] == round(payload["stats"]["done"] / payload["stats"]["total"], 4)
        assert ("error" in payload) == (payload.get("status") == "failed")
        if payload.get("status") in ("succeeded", "failed"):
            assert payload["status"] == "failed" or payload["progress"] == 1
            over.add(id_)
            del running[id_]
        else:
            assert payload.get("status", "running") == "running"


def training_laws(events):
    running, over = {}, set()
    for event in events:
        payload, id_ = event["payload"], event["payload"]["job_id"]
        match event["type"]:
            case "training.started":
                assert id_ not in running
                assert id_ not in over
                running[id_] = {"progress": 0.0, "metrics": {"loss": 2.0, "epoch": 0}}
            case "training.progress":
                progress_is_right(payload, running[id_])
                running[id_] = payload
            case _:
                end_is_right(event["type"], payload, running.pop(id_))
                over.add(id_)


def progress_is_right(payload, before):
    metrics = payload["metrics"]
    assert before["progress"] < payload["progress"] <= 1
    assert metrics["epoch"] == before["metrics"]["epoch"] + 1
    assert payload["progress"] == round(metrics["epoch"] / metrics["epochs"], 4)
    assert 0 < metrics["loss"] < before["metrics"]["loss"]


def end_is_right(kind, payload, last):
    if kind == "training.succeeded":
        assert last["progress"] == 1
    else:
        assert payload["error"]
    if "result" in payload:
        assert payload["result"]["metrics"] == last["metrics"]
        assert payload["result"]["epochs"] == last["metrics"]["epoch"]
    else:
        assert last["progress"] == 0


def hft_laws(events):
    open_, ids, flattened, stuck = {}, set(), 0, set()
    for event in events:
        payload = event["payload"]
        match event["type"]:
            case "hft.entry":
                assert payload["trade_id"] not in ids
                ids.add(payload["trade_id"])
                open_[payload["trade_id"]] = {**payload, "ts": event["ts"]}
            case "hft.trade_risk":
                risk_is_right(payload, open_[payload["trade_id"]])
            case "hft.exit":
                exit_is_right(event["ts"], payload, open_.pop(payload["trade_id"]))
                flattened += payload["reason"] == "flatten"
            case "hft.flatten":
                assert payload["closed"] == flattened
                assert len(payload["errors"]) == len(open_)
                flattened = 0
            case "hft.manage_error":
                stuck.add(int(payload["error"].split()[1]))
            case "hft.stop":
                assert open_.keys() <= stuck, "a trade that stays open has an error"


def risk_is_right(payload, trade):
    assert 0 < payload["stop"] < payload["target"]
    if "stop" in trade:
        assert payload["stop"] > trade["stop"], "a stop only follows the price upwards"
        assert payload["target"] == trade["target"]
    else:
        assert payload["stop"] < trade["entry"] < payload["target"]
    trade.update(payload)


def exit_is_right(ts, payload, trade):
    price, cents = payload["price"], 100 * payload["pnl"]
    assert cents == pytest.approx(round(cents), abs=1e-6)
    assert payload["pnl"] == pytest.approx((price - trade["entry"]) * trade["qty"], abs=0.005001)
    assert payload["instrument_key"] == trade["instrument_key"]
    match payload["reason"]:
        case "stop":
            assert price <= trade["stop"]
        case "target":
            assert price >= trade["target"]
        case "time":
            assert trade["stop"] < price < trade["target"]
        case other:
            assert other in ("flatten", "shutdown")


LAWS = {"prediction": prediction_laws, "automation": automation_laws, "training": training_laws, "hft": hft_laws}
