"""Conversations that were recorded, or made up, and what the invariants say of them."""

import json

import pytest

from harness.conformance import suite
from harness.conformance.judging import judge_files, on_conversation
from harness.conformance.verdict import Kind
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode
from harness.protocols.eventbus.checks.stream import EVENTS

EVENTBUS = suite.load("eventbus")
INVARIANTS = [each for each in EVENTBUS.checks if not each.exchange]
ODD = (None, True, "word", "", -1, 0, 1.5, 1739570000, [], {}, ["a"])


def text(message):
    return Frame(Opcode.TEXT, json.dumps(message).encode())


def recorded(*frames):
    """A conversation of (time, sender, frame)."""
    conversation = Conversation({"protocol": "eventbus"})
    for at_s, sender, frame in frames:
        conversation.note(at_s, sender, frame)
    return conversation


def outcome(id_, conversation):
    [check] = [each for each in INVARIANTS if each.id == id_]
    return on_conversation(EVENTBUS, check, conversation)


def event(kind, payload, number, ts=1739570000):
    return {"id": number, "channel": kind.partition(".")[0], "type": kind, "payload": payload, "ts": ts}


def told(*events):
    return recorded(*((float(n), "server", text(event(kind, payload, n))) for n, (kind, payload) in enumerate(events)))


NAMES = {
    *("id", "instrument_key", "interval", "horizon_steps", "ts_pred", "ts_target", "pred_ret", "pred_ret_adj", "error"),
    *("calib_bias", "model_kind", "actual_ret", "created", "resolved", "anchor", "instruments", "cfg", "trade_id"),
    *("job_id", "progress", "status", "entry", "qty", "price", "pnl", "reason", "stop", "target", "closed", "errors"),
}


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_no_check_stumbles_over_odd_values(value):
    kinds = [kind for kinds in EVENTS.values() for kind in kinds]
    payloads = (value, {}, dict.fromkeys(NAMES, value), {"id": 1, "trade_id": 1, "job_id": "a"})
    events = [event(kind, each, n, ts=value) for n, kind in enumerate(kinds * 2) for each in payloads]
    events += [event(kind, dict.fromkeys(NAMES, value), value) for kind in kinds]
    events += [{"type": value}, {"channel": value, "type": value}]
    conversation = recorded(*((float(n), "server", text(each)) for n, each in enumerate(events)))
    outcomes = [on_conversation(EVENTBUS, check, conversation) for check in INVARIANTS]
    assert [each.reason for each in outcomes if each.kind is Kind.BROKEN] == []


def test_frames_that_hold_no_event_are_told_of_and_skipped():
    conversation = recorded((0.0, "server", Frame(Opcode.TEXT, b"[1]")), (1.0, "server", Frame(Opcode.PING)))
    assert outcome("EVB-ENV-01", conversation).kind is Kind.VIOLATED
    assert outcome("EVB-ENV-02", conversation).observations == 0


def test_where_a_record_does_not_name_the_path_all_events_are_of_one_channel():
    started = event("hft.stop", {}, 1), event("training.failed", {"job_id": "a"}, 2)
    conversation = recorded(*((0.0, "server", text(each)) for each in started))
    assert outcome("EVB-ENV-02", conversation).kind is Kind.VIOLATED
    assert outcome("EVB-ENV-03", conversation).kind is Kind.HELD


def test_a_trade_whose_lines_are_alike_has_no_side():
    entry = {"trade_id": 1, "instrument_key": "A", "qty": 2, "entry": 10}
    risk = {"trade_id": 1, "stop": 10, "target": 10}
    closing = {"trade_id": 1, "instrument_key": "A", "price": 12, "pnl": -4, "reason": ""}
    conversation = told(("hft.entry", entry), ("hft.trade_risk", risk), ("hft.exit", closing))
    assert outcome("EVB-HFT-29", conversation).observations == 1
    assert outcome("EVB-HFT-30", conversation).observations == 0


def test_progress_of_few_fractions_may_be_of_either_scale():
    said = [("training.progress", {"job_id": job, "progress": p}) for job, p in (("a", 0.5), ("b", 40), ("c", 1))]
    ended = [("training.succeeded", {"job_id": job, "result": {}}) for job in "abc"]
    assert outcome("EVB-TRAIN-15", told(*said, *ended)).observations == 0


# Clients -----------------------------------------------------------------------------------------

EVENT = (0.0, "server", text(event("hft.stop", {}, 1)))


def test_a_client_that_listens_keeps_its_part():
    frames = (EVENT, (5.0, "server", Frame(Opcode.PING, b"a")), (5.1, "client", Frame(Opcode.PONG, b"a")))
    conversation = recorded(*frames, (30.0, "client", Frame(Opcode.CLOSE, code=1000)))
    for id_ in ("EVB-CLI-01", "EVB-CLI-02", "EVB-CLI-03"):
        assert (outcome(id_, conversation).kind, outcome(id_, conversation).observations) == (Kind.HELD, 1)


@pytest.mark.parametrize(
    ("id_", "frames"),
    [
        ("EVB-CLI-01", [(1.0, "client", text({"type": "subscribe"}))]),
        (
            "EVB-CLI-02",
            [
                (1.0, "server", Frame(Opcode.PING)),
                (2.0, "client", Frame(Opcode.PONG)),
                (20.0, "server", Frame(Opcode.PING)),
                (40.0, "client", Frame(Opcode.CLOSE, code=1001)),
            ],
        ),
        ("EVB-CLI-03", [(1.0, "client", Frame(Opcode.CLOSE, code=1006))]),
    ],
)
def test_a_client_that_does_not_is_noticed(id_, frames):
    assert outcome(id_, recorded(EVENT, *frames)).kind is Kind.VIOLATED


def test_a_record_without_pongs_says_nothing_of_pings():
    conversation = recorded((1.0, "server", Frame(Opcode.PING)), (40.0, "server", Frame(Opcode.CLOSE, code=1001)))
    for id_ in ("EVB-CLI-01", "EVB-CLI-02", "EVB-CLI-03"):
        assert outcome(id_, conversation).observations == 0


def test_a_file_is_judged(tmp_path):
    path = tmp_path / "hft.jsonl"
    path.write_text("\n".join(recorded(EVENT).to_lines()))
    report = judge_files(EVENTBUS, [path])
    assert {v.id for v in report.of("passed")} >= {"EVB-ENV-01", "EVB-HFT-04", "EVB-CLI-01"}
    assert report.broken == []
