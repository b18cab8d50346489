"""What invariants make of messages that are not as they should be, and of records without a beginning."""

import json
import random
from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.judging import on_conversation
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.conformance.verdict import Kind
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode
from harness.protocols.sigmax.checks.seeing import moment
from harness.protocols.sigmax.errors import cannot
from harness.protocols.sigmax.session import SigmaxSession
from harness.wire.schemas import shapes

SIGMAX = suite.load("sigmax")
MOCK = protocols.load("sigmax")
INVARIANTS = {c.id: c for c in SIGMAX.checks if not c.exchange}
NONSENSE = [None, 1, -1, 0, 1e308, True, "", "x", "BTC/USDT", [], [1], {}, {"symbol": {}}, [{}], [[]], "2025-12-21"]


def recorded(*messages, dropped=0, sender="server"):
    conversation = Conversation(dropped=dropped)
    for number, message in enumerate(messages):
        frame = Frame(Opcode.TEXT, json.dumps(message).encode())
        conversation.note(number / 10, message.get("from", sender), frame)
    return conversation


def verdict(id_, *messages, **options):
    return on_conversation(SIGMAX, INVARIANTS[id_], recorded(*messages, **options))


def examples():
    return [m for variants in shapes(MOCK.folder).examples.values() for m in variants.values()]


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_no_invariant_stumbles_over_a_member(value):
    for message in examples():
        spoiled = [{**message, name: value} for name in message if name != "type"]
        data = message["data"]
        if isinstance(data, dict):
            spoiled += [{**message, "data": {**data, name: value}} for name in data]
        rows = data if isinstance(data, list) else data.get("positions", [])
        for row in rows:
            spoiled_rows = [value, *({**row, name: value} for name in row)]
            as_data = [[each] if isinstance(data, list) else {**data, "positions": [each]} for each in spoiled_rows]
            spoiled += [{**message, "data": each} for each in as_data]
        for conversation in (recorded(message, *spoiled), recorded(*spoiled, dropped=1)):
            for check in INVARIANTS.values():
                outcome = on_conversation(SIGMAX, check, conversation)
                assert outcome.kind is not Kind.BROKEN, (check.name, outcome.reason)


@pytest.mark.parametrize("id_", sorted(INVARIANTS))
def test_nothing_is_observed_where_nothing_was_said(id_):
    outcome = verdict(id_)
    assert (outcome.kind, outcome.observations) == (Kind.HELD, 0)


@pytest.mark.parametrize("id_", ["SIG-CONN-03", "SIG-ENV-06", "SIG-ENV-07", "SIG-SUB-19", "SIG-SUB-25"])
def test_records_without_a_beginning_are_not_judged_by_it(id_):
    market = {"type": "market_update", "data": [{"symbol": "BTC/USDT"}], "connection_id": "conn-2", "request_id": 7}
    assert verdict(id_, market, dropped=5).observations == 0


@pytest.mark.parametrize("text", ["2025-02-30T10:30:00Z", "2025-12-21T10:30:00", "2025-12-21T10:30:00+01:00", "Z", 17])
def test_what_is_no_moment_in_utc(text):
    assert moment(text) is None


def test_a_moment_may_be_written_in_many_ways():
    ways = ("2025-12-21T10:30:00Z", "2025-12-21T10:30:00.000000+00:00", "2025-12-21T10:30:00.0-0000")
    assert len({moment(text) for text in ways}) == 1


def event(kind, **data):
    return {"type": kind, "data": data, "timestamp": "2025-12-21T10:30:00.000Z"}


def test_a_confirmation_may_count_nothing():
    assert verdict("SIG-SUB-05", event("subscribed", topics=["market"], symbols=[], message="Done")).observations == 0


def test_copies_of_an_event_are_one_event():
    created = event("proposal_created", proposal_id="prop_1")
    copy = {**created, "timestamp": "2025-12-21T10:30:00.001Z"}
    assert verdict("SIG-PROP-09", created, copy).kind is Kind.HELD
    assert (
        verdict("SIG-PROP-09", created, event("proposal_created", proposal_id="prop_1", size=1)).kind is Kind.VIOLATED
    )


def test_trades_that_are_not_filled_at_once_are_compared_by_no_size():
    created = event("proposal_created", proposal_id="prop_1", symbol="BTC/USDT", action="buy", size=2)
    parts = [event("trade_executed", proposal_id="prop_1", status="partial", size=1, order_id="order_1")]
    parts.append(event("trade_executed", proposal_id="prop_1", status="filled", size=1, order_id="order_1"))
    for id_ in ("SIG-EXE-13", "SIG-EXE-14", "SIG-EXE-15", "SIG-PROP-11"):
        assert verdict(id_, created, *parts).kind is Kind.HELD
    assert verdict("SIG-EXE-15", created, *parts).observations == 0
    assert verdict("SIG-EXE-06", parts[0]).observations == 0


def test_what_a_later_event_does_not_repeat_is_not_compared():
    created, approved = (
        event("proposal_created", proposal_id="prop_1", size=1),
        event("proposal_approved", proposal_id="prop_1"),
    )
    assert verdict("SIG-PROP-13", created, approved).observations == 0
    assert verdict("SIG-EXE-14", event("trade_executed", proposal_id="prop_0", symbol="BTC/USDT")).observations == 0


def portfolio(positions=(), **totals):
    return event("portfolio_update", positions=list(positions), **totals)


def test_the_examples_of_the_spec_pass():
    position = {"symbol": "BTC/USDT", "size": 0.5, "entry_price": 90000.0, "current_price": 95000.0, "value": 47500.0}
    position |= {"pnl": 2500.0, "pnl_percent": 5.56}
    totals = {"total_value": 100000.0, "available_cash": 50000.0, "total_pnl": 5000.0, "total_pnl_percent": 5.0}
    for id_ in ("SIG-PF-14", "SIG-PF-15", "SIG-PF-16", "SIG-PF-17", "SIG-PF-18"):
        outcome = verdict(id_, portfolio([position], **totals))
        assert (outcome.kind, outcome.observations) == (Kind.HELD, 1), id_


@pytest.mark.parametrize(
    ("percent", "kind"),
    [
        (5.0, Kind.HELD),
        (5.26, Kind.HELD),
        (10, Kind.HELD),
        (0.05, Kind.VIOLATED),
        (-5.0, Kind.VIOLATED),
        (500, Kind.VIOLATED),
    ],
)
def test_the_percentage_of_the_whole_is_judged_by_sign_and_scale(percent, kind):
    totals = {"total_value": 100000.0, "total_pnl": 5000.0, "total_pnl_percent": percent}
    assert verdict("SIG-PF-18", portfolio(**totals)).kind is kind


def test_a_gain_of_nothing_has_no_sign():
    assert verdict("SIG-PF-18", portfolio(total_value=0, total_pnl=0, total_pnl_percent=0)).observations == 0


def test_a_short_position_has_a_value_of_either_sign():
    for value in (-100.0, 100.0):
        position = {"symbol": "BTC/USDT", "size": -1, "current_price": 100.0, "value": value}
        assert verdict("SIG-PF-14", portfolio([position])).kind is Kind.HELD


def test_a_server_that_turns_everybody_away_is_not_observed():
    report = rehearse(SIGMAX, replace(MOCK, facts=replace(MOCK.facts, api_key="secret")), Options(only=("SIG-REQ-01",)))
    assert report["SIG-REQ-01"].reason.startswith("could not set up the client: connected; found")


def test_where_nothing_happens_immediate_topics_are_not_observed():
    quiet = replace(MOCK, facts=replace(MOCK.facts, proposals_every_s=100_000.0))
    report = rehearse(SIGMAX, quiet, Options(only=("SIG-SUB-23", "SIG-SUB-26")))
    assert report["SIG-SUB-23"].reason == "no proposal, trade or analysis within 40 s"
    assert report["SIG-SUB-26"].reason == "no analysis within 40 s"


def test_symbols_of_another_kind_in_a_profile_are_left_out():
    profile = replace(SIGMAX.demo_profile("ws://mock/api/ws", random.Random(1)), symbols=("AAPL", "MSFT"))
    assert rehearse(SIGMAX, MOCK, Options(only=("SIG-SUB-03",)), profile)["SIG-SUB-03"].verdict == "passed"


class RefusesSubscriptions(SigmaxSession):
    def subscribe(self, message, now):
        raise cannot("Not today")


def test_what_cannot_be_prepared_is_not_observed():
    report = rehearse(SIGMAX, replace(MOCK, session=RefusesSubscriptions), Options(only=("SIG-SUB-02",)))
    assert report["SIG-SUB-02"].reason.startswith("could not set up a confirmation: subscribed; found")
