"""Every shipped scenario of EventBus shows what its title says. Each test is named after its scenario."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from harness.protocols.eventbus import PROTOCOL
from harness.scenario.library import Library
from harness.scenario.loading import parse
from harness.wire.schemas import shapes

FILES = Library().files("eventbus")
SHAPES = shapes(PROTOCOL.folder)
DOCS = (Path(__file__).parents[3] / "docs" / "eventbus.md").read_text(encoding="utf-8")
CHANNELS = [path.rpartition("/")[2] for path in PROTOCOL.paths]


class Front:
    """A front end that listens to all four channels of a stage, from its first moment on."""

    def __init__(self, play):
        self.play = play
        self.clients = {}
        self.connect()

    def connect(self):
        """Connect all four channels, again if need be."""
        self.clients = {name: self.play.connect(path) for name, path in zip(CHANNELS, PROTOCOL.paths, strict=True)}

    def wait(self, seconds):
        self.play.wait(seconds)

    def heard(self, *kinds):
        """(time, event) of all events so far, of these types or of any; in order of arrival within a channel."""
        logs = (entry for client in self.clients.values() for entry in client.log)
        events = [(t, event) for t, event in logs if isinstance(event, dict)]
        return [(t, event) for t, event in events if not kinds or event["type"] in kinds]

    def events(self, *kinds):
        return [event for _, event in self.heard(*kinds)]

    def said(self, *kinds):
        """Their payloads."""
        return [event["payload"] for event in self.events(*kinds)]

    def times(self, *kinds):
        return [t for t, _ in self.heard(*kinds)]

    def said_between(self, first_s, last_s, *kinds):
        """The payloads of what came from `first_s` on, before `last_s`."""
        return [event["payload"] for t, event in self.heard(*kinds) if first_s <= t < last_s]

    def ids(self, *kinds):
        return [event["id"] for event in self.events(*kinds)]

    @property
    def ends(self):
        return [end for client in self.clients.values() for end in client.ends]


def ids_grow(front):
    """Whether each channel's ids come in order, each once."""
    streams = [[m["id"] for m in client.messages()] for client in front.clients.values()]
    return all(ids == sorted(set(ids)) for ids in streams)


@pytest.fixture
def front(play_of, request):
    """Plays the scenario that the test is named after, for so many seconds, before a front end."""
    name = request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")

    def play(seconds, strict=True, seed=None):
        one = Front(play_of(PROTOCOL, name, seed=seed, strict=strict))
        one.wait(seconds)
        return one

    return play


def test_failing_training(front):
    heard = front(300)
    started = [job["job_id"] for job in heard.said("training.started")]
    failed = {job["job_id"]: job for job in heard.said("training.failed")}
    assert heard.events("training.succeeded") == []
    assert len(failed) >= 10
    assert len(started) - 4 <= len(failed) <= len(started)
    assert failed["train-silent"] == {"job_id": "train-silent"}
    assert all(job["error"] for job in failed.values() if job["job_id"] != "train-silent")
    assert {"result" in job for job in failed.values()} == {True, False}
    ends = {event["payload"]["job_id"]: event["id"] for event in heard.events("training.failed")}
    for event in heard.events("training.progress"):
        assert event["id"] < ends.get(event["payload"]["job_id"], float("inf"))
        assert event["payload"]["progress"] <= 1


def test_training_recovers(front):
    heard = front(300)
    assert len(heard.times("training.failed")) >= 4
    assert max(heard.times("training.failed")) < 120
    assert len(heard.times("training.succeeded")) >= 8
    assert min(heard.times("training.succeeded")) >= 120


def test_predictor_error(front):
    heard = front(150)
    bars = [float(t) for t in range(20, 80, 5)]
    assert heard.times("predictor.error") == bars
    assert [t for t in heard.times("predictor.cycle") if 20 <= t < 80] == bars
    assert {cycle["created"] for cycle in heard.said_between(20, 80, "predictor.cycle")} == {0}
    assert heard.said_between(20, 80, "prediction.created") == []
    assert heard.times("prediction.resolved")[:9] == [20.0] * 3 + [25.0] * 3 + [30.0] * 3
    assert 80.0 in heard.times("prediction.created")
    assert heard.times("predictor.start") == [0.5]
    assert heard.times("predictor.stop") == []


def test_predictor_stopped_and_started(front):
    heard = front(400)
    assert heard.times("predictor.stop") == [65.0]
    assert heard.times("predictor.start") == [0.5, 95.0]
    in_between = {event["type"] for t, event in heard.heard() if event["channel"] == "prediction" and 65 < t < 95}
    assert in_between == {"prediction.resolved"}
    assert min(t for t in heard.times("prediction.created") if t > 65) == 95.0
    due = {p["id"] for p in heard.said("prediction.created") if p["ts_target"] <= heard.play.stage.clock.wall_s(400)}
    assert {p["id"] for p in heard.said("prediction.resolved")} == due
    cycles = heard.said("predictor.cycle")
    assert sum(cycle["resolved"] for cycle in cycles) == len(due)
    assert sum(cycle["created"] for cycle in cycles) == len(heard.events("prediction.created"))


@pytest.mark.parametrize("seed", [None, 2, 3])
def test_hft_flatten(front, seed):
    heard = front(60, seed=seed)
    [flatten] = heard.events("hft.flatten")
    closed = [event for t, event in heard.heard("hft.exit") if event["payload"]["reason"] == "flatten"]
    assert flatten["payload"] == {"closed": len(closed), "errors": []}
    assert len(closed) >= 1
    assert [event["id"] for event in closed] == list(range(flatten["id"] - len(closed), flatten["id"]))
    before = {trade["trade_id"] for trade in heard.said_between(0, 30, "hft.entry")}
    gone = {trade["trade_id"] for trade in heard.said_between(0, 30.001, "hft.exit")}
    assert before == gone
    assert heard.said_between(30, 60, "hft.entry") != []


def test_hft_errors(front):
    heard = front(120)
    assert heard.said_between(20, 80, "hft.entry", "hft.exit", "hft.trade_risk") == []
    assert all("refused" in error["error"] for error in heard.said_between(20, 80, "hft.error"))
    assert len(heard.said_between(20, 80, "hft.error")) >= 5
    stuck = {int(error["error"].split()[1]) for error in heard.said("hft.manage_error")}
    opened = {trade["trade_id"] for trade in heard.said_between(0, 20, "hft.entry")}
    assert stuck
    assert stuck <= opened
    assert stuck <= {trade["trade_id"] for trade in heard.said_between(80, 82, "hft.exit")}
    assert [t for t in heard.times("hft.error", "hft.manage_error") if not 20 <= t < 80] == []
    assert heard.said_between(80, 120, "hft.entry") != []


def test_hft_stopped(front):
    heard = front(90)
    [stop] = heard.events("hft.stop")
    closed = [event for t, event in heard.heard("hft.exit") if event["payload"]["reason"] == "shutdown"]
    assert closed != []
    assert [event["id"] for event in closed] == list(range(stop["id"] - len(closed), stop["id"]))
    entered = {trade["trade_id"] for trade in heard.said_between(0, 30.001, "hft.entry")}
    assert entered == {trade["trade_id"] for trade in heard.said_between(0, 30.001, "hft.exit")}
    assert [e["type"] for t, e in heard.heard() if e["channel"] == "hft" and 30 < t < 60] == []
    assert heard.times("hft.start") == heard.times("hft.broker") == [0.5, 60.0]
    assert heard.said_between(60, 90, "hft.entry") != []


def test_hft_stuck(front):
    heard = front(120)
    gone = {trade["trade_id"] for trade in heard.said_between(0, 30, "hft.exit")}
    held = {trade["trade_id"] for trade in heard.said_between(0, 30, "hft.entry")} - gone
    assert held
    [stop] = heard.events("hft.stop")
    errors = [e for e in heard.events("hft.manage_error") if stop["id"] - len(held) <= e["id"] < stop["id"]]
    assert {int(e["payload"]["error"].split()[1]) for e in errors} == held
    assert [e["type"] for t, e in heard.heard() if e["channel"] == "hft" and 30 < t < 60] == []
    assert heard.times("hft.start") == [0.5, 60.0]
    assert held <= {trade["trade_id"] for trade in heard.said_between(60, 63, "hft.exit")}


def test_price_shock(front):
    heard = front(120)
    lines = {}
    beyond = []
    for t, event in heard.heard("hft.trade_risk", "hft.exit"):
        said = event["payload"]
        if event["type"] == "hft.trade_risk":
            lines[said["trade_id"]] = said
        elif 30 < t < 35 and said["reason"] in ("stop", "target"):
            line = lines[said["trade_id"]][said["reason"]]
            beyond.append((said["price"] / line - 1) * (-1 if said["reason"] == "stop" else 1))
    assert beyond != []
    assert min(beyond) >= 0
    assert max(beyond) > 0.003
    widths = {
        entry["trade_id"]: (entry["entry"] - risk["stop"]) / entry["entry"]
        for entry, risk in zip(heard.said("hft.entry"), first_lines(heard), strict=True)
    }
    early = [widths[entry["trade_id"]] for entry in heard.said_between(0, 30, "hft.entry")]
    late = [widths[entry["trade_id"]] for entry in heard.said_between(30, 60, "hft.entry")]
    assert min(late) > 10 * max(early)


def first_lines(heard):
    """The first risk lines of each trade, in order of the entries."""
    seen = {}
    for risk in heard.said("hft.trade_risk"):
        seen.setdefault(risk["trade_id"], risk)
    return list(seen.values())


def test_broker_changes(front):
    heard = front(60)
    assert [broker["broker"] for broker in heard.said("hft.broker")][:2] == ["paper", "binance"]
    assert heard.times("hft.broker")[1] == 20.0
    paper, live = heard.said("hft.start")
    assert paper == {"broker": "paper", "safe_mode": True, "live_trading_enabled": False}
    assert live == {"broker": "binance", "safe_mode": False, "live_trading_enabled": True}
    assert (heard.times("hft.stop"), heard.times("hft.start")) == ([40.0], [0.5, 41.0])
    assert heard.said_between(40.001, 41, "hft.entry", "hft.exit") == []


def test_out_of_order_ids(front):
    heard = front(120)
    swapped = [name for name, client in heard.clients.items() if not in_order(client.messages())]
    assert swapped == ["prediction", "training", "hft"]
    assert len(heard.ids()) == len(set(heard.ids()))
    seen = set()
    early = []
    for event in heard.events("hft.entry", "hft.trade_risk"):
        if event["type"] == "hft.entry":
            seen.add(event["payload"]["trade_id"])
        elif event["payload"]["trade_id"] not in seen:
            early.append(event["payload"]["trade_id"])
    assert early != []
    by_id = sorted(heard.events("hft.entry", "hft.trade_risk"), key=lambda event: event["id"])
    entered = [event["payload"]["trade_id"] for event in by_id if event["type"] == "hft.entry"]
    assert list(dict.fromkeys(event["payload"]["trade_id"] for event in by_id)) == entered


def in_order(events):
    return [event["id"] for event in events] == sorted(event["id"] for event in events)


def test_missing_ids(front):
    heard = front(180)
    assert ids_grow(heard)
    made = [p["id"] for p in heard.said("prediction.created")]
    assert {p["id"] for p in heard.said("prediction.resolved")} - set(made) != set()
    assert sum(cycle["created"] for cycle in heard.said("predictor.cycle")) > len(made)
    entered = {trade["trade_id"] for trade in heard.said("hft.entry")}
    assert {trade["trade_id"] for trade in heard.said("hft.exit")} - entered != set()
    started = {job["job_id"] for job in heard.said("training.started")}
    assert {job["job_id"] for job in heard.said("training.progress")} - started != set()
    whole = {job["job_id"] for t, job in with_times(heard, "training.progress") if job["progress"] == 1 and t < 150}
    ended = {job["job_id"] for job in heard.said("training.succeeded", "training.failed")}
    assert whole - ended != set()


def with_times(heard, *kinds):
    return [(t, event["payload"]) for t, event in heard.heard(*kinds)]


def test_duplicate_events(front):
    heard = front(120)
    twice = ("hft.exit", "prediction.resolved", "training.succeeded", "training.failed")
    counts = Counter(heard.ids())
    assert {counts[i] for i in heard.ids(*twice)} == {2}
    assert {event["type"] for event in heard.events() if counts[event["id"]] > 1} == set(twice)
    by_id = {event["id"]: event for event in heard.events()}
    assert all(by_id[event["id"]] == event for event in heard.events())
    profit = sum({event["id"]: event["payload"]["pnl"] for event in heard.events("hft.exit")}.values())
    assert sum(exit_["pnl"] for exit_ in heard.said("hft.exit")) == pytest.approx(2 * profit)


def test_late_resolutions(front):
    heard = front(120)
    late_s = Counter(
        round(heard.play.stage.clock.wall_s(t) - event["payload"]["ts_target"])
        for t, event in heard.heard("prediction.resolved")
    )
    assert set(late_s) == {0, 20}
    assert min(late_s.values()) >= 10
    assert not in_order(heard.clients["prediction"].messages())
    assert {event["ts"] - event["payload"]["ts_target"] for event in heard.events("prediction.resolved")} == {0}


def test_broken_events(front):
    heard = front(120, strict=False)
    halves = [what for client in heard.clients.values() for _, what in client.log if isinstance(what, bytes)]
    assert halves != []
    assert all(half.startswith(b'{"id":') for half in halves)
    wrong = Counter(
        (event["type"], SHAPES.problem(event, "server").where)
        for event in heard.events()
        if not SHAPES.is_valid(event, "server")
    )
    assert set(wrong) == {
        ("hft.exit", "payload.pnl"),
        ("predictor.cycle", "payload"),
        ("prediction.resolved", "payload.error"),
    }
    assert wrong["hft.exit", "payload.pnl"] == len(heard.events("hft.exit"))
    assert 0 < wrong["predictor.cycle", "payload"] < len(heard.events("predictor.cycle"))
    assert ids_grow(heard)


def test_burst(front):
    heard = front(40)
    per_s = Counter(int(t) for t, event in heard.heard() if event["channel"] != "prediction")
    calm = [per_s[s] for s in (*range(1, 10), *range(25, 40))]
    assert min(per_s[s] for s in range(11, 20)) > 5 * max(calm)
    assert max(per_s.values()) > 200
    assert ids_grow(heard)
    assert set(heard.times("prediction.created")) == {float(t) for t in range(5, 41, 5)}
    entries = {trade["trade_id"]: trade for trade in heard.said("hft.entry")}
    for trade in heard.said("hft.exit"):
        entry = entries[trade["trade_id"]]
        assert trade["pnl"] == pytest.approx(entry["qty"] * (trade["price"] - entry["entry"]), abs=0.0051)
    ended = Counter(job["job_id"] for job in heard.said("training.succeeded", "training.failed"))
    assert set(ended.values()) == {1}


def test_many_instruments(front):
    heard = front(80)
    created = Counter(heard.times("prediction.created"))
    assert (created[55.0], created[60.0]) == (40, 120)
    [at_the_minute] = [c for t, c in with_times(heard, "predictor.cycle") if t == 60.0]
    assert at_the_minute["created"] == 120
    assert Counter(heard.times("prediction.resolved"))[75.0] == 80
    assert len({p["instrument_key"] for p in heard.said("prediction.created")}) == 40
    assert len(heard.said("predictor.start")[0]["instruments"]) == 40


def test_automation_fails(front):
    heard = front(300)
    ends = [job for job in heard.said("automation_run.updated") if job.get("status") in ("succeeded", "failed")]
    assert len(ends) >= 10
    assert {job["status"] for job in ends} == {"failed"}
    assert all(job["error"] for job in ends)
    reached = {}
    for job in heard.said("automation_run.updated"):
        assert job.get("progress", 0) >= reached.get(job["job_id"], 0)
        if job.get("status") == "failed":
            assert job.get("progress", 0) == reached.get(job["job_id"], 0)
        reached[job["job_id"]] = job.get("progress", 0)
    assert max(reached.values()) < 1


def test_quiet(front):
    heard = front(600)
    assert heard.events() == heard.ends == []
    assert [client.pings for client in heard.clients.values()] == [30] * 4


def test_flat_market(front):
    heard = front(120)
    assert len(heard.said("prediction.resolved")) >= 30
    for resolved in heard.said("prediction.resolved"):
        assert (resolved["actual_ret"], resolved["error"]) == (0, 0)
    assert {p["pred_ret"] for p in heard.said("prediction.created")} == {0}
    exits = heard.said("hft.exit")
    assert len(exits) >= 5
    assert {(trade["pnl"], trade["reason"]) for trade in exits} == {(0, "time")}


def test_server_restarts(front):
    heard = front(40)
    assert heard.ends == [1012] * 4
    assert {client.log[-1] for client in heard.clients.values()} == {(30.0, 1012)}
    last = max(heard.ids())
    for client in heard.clients.values():
        client.leave()
    heard.connect()
    heard.wait(60)
    assert heard.ends == []
    assert min(heard.ids()) > last + 1
    assert min(heard.times()) > 40


def test_flaky_network(front):
    heard = front(130)
    assert heard.ends == ["cut"] * 4
    late_s = [heard.play.stage.clock.wall_s(t) - event["ts"] for t, event in heard.heard()]
    assert min(late_s) >= 0.2
    assert 4 < max(late_s) <= 6.5
    for client in heard.clients.values():
        assert in_order(client.messages())
    assert max(heard.times()) <= 120


def test_one_trade(front):
    heard = front(60)
    assert [(t, event["type"]) for t, event in heard.heard()] == [
        *((1.0, "hft.start"), (2.0, "hft.entry"), (2.0, "hft.trade_risk"), (10.0, "hft.trade_risk")),
        *((20.0, "hft.exit"), (25.0, "hft.stop")),
    ]
    assert heard.said("hft.entry", "hft.trade_risk", "hft.exit") == [
        {"trade_id": 17, "instrument_key": "BTCUSDT", "qty": 0.047, "entry": 42850.5},
        {"trade_id": 17, "stop": 42800.5, "target": 42950.5},
        {"trade_id": 17, "stop": 42860.5, "target": 42950.5},
        {"trade_id": 17, "instrument_key": "BTCUSDT", "price": 42950.5, "pnl": 4.7, "reason": "target"},
    ]


def test_one_training(front):
    heard = front(60)
    assert heard.times() == [1.0, 4.0, 10.0, 13.0, 14.0]
    started, *progress, succeeded = heard.said()
    assert started == {"job_id": "train-17", "kind": "gbm", "instrument_key": "BTCUSDT", "interval": "1m"}
    assert [(job["progress"], job["message"]) for job in progress] == [
        (0.25, "Epoch 3 of 12"),
        (0.75, "Epoch 9 of 12"),
        (1, "Epoch 12 of 12"),
    ]
    assert succeeded["result"]["metrics"] == progress[-1]["metrics"]
    assert {job["job_id"] for job in heard.said()} == {"train-17"}


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_event(play_of, seed):
    heard = Front(play_of(PROTOCOL, "every-event", seed=seed))
    heard.wait(60)
    assert {event["type"] for event in heard.events()} == set(SHAPES.names("server"))
    assert Counter(event["type"] for event in heard.events("hft.start", "hft.stop")) == {"hft.start": 2, "hft.stop": 1}


def test_every_shipped_scenario_has_a_test_of_its_name():
    tests = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert len(FILES) >= 9
    assert set(FILES) - tests == set()


@pytest.mark.parametrize("name", FILES)
def test_the_same_seed_gives_the_same_bytes(play_of, name):
    def said(seed):
        heard = Front(play_of(PROTOCOL, name, seed=seed, strict=False))
        heard.wait(60)
        return [client.log for client in heard.clients.values()]

    first = said(3)
    assert first == said(3)
    if name not in ("quiet", "one-trade", "one-training"):  # They say nothing, or only what their script says.
        assert json.dumps(first, default=repr) != json.dumps(said(4), default=repr)


def test_the_page_of_the_protocol_names_every_scenario_and_no_other():
    table = DOCS.partition("| scenario |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == sorted(FILES)


def test_the_page_of_the_protocol_has_every_event_with_its_members():
    for name in SHAPES.names("server"):
        [row] = [line for line in DOCS.splitlines() if line.startswith(f"| `{name}` |")]
        examples = SHAPES.examples[name].values()
        members = {member for example in examples for member in example["payload"]}
        assert {member for member in members if f"`{member}`" not in row} == set()


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL))
def test_every_example_of_the_page_can_be_played(play_of, example):
    scenario = parse(example, Path("example.yaml"), {"eventbus": PROTOCOL})
    heard = Front(play_of(PROTOCOL, scenario))
    heard.wait(60)
    assert heard.times("hft.stop") == [15.0]
    assert 10.0 in heard.times("training.failed")
    assert 12.0 in heard.times("hft.error")
