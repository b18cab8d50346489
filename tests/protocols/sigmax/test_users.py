"""Subscribers of the load test, played against the mock in memory and virtual time."""

import pytest

from harness.protocols.sigmax import PROTOCOL
from harness.protocols.sigmax.users import INTERESTS, PERIODS_S, SigmaxSubscriber


def subscribing(crowd_of, *, subscribers=1, **more):
    return crowd_of(PROTOCOL, *[SigmaxSubscriber] * subscribers, **more)


def alone(crowd_of):
    """A subscriber who does nothing of its own accord any more, and what it measures."""
    crowd = subscribing(crowd_of)
    crowd.samples.clear()
    return crowd.users[0].behaviour, crowd


def test_subscribers_measure_all_rows_without_an_error(crowd_of):
    crowd = subscribing(crowd_of, subscribers=8).run(120).end()
    assert set(crowd.samples) == set(SigmaxSubscriber.ROWS) - {"connect"}
    assert crowd.errors == []
    assert {len(crowd.samples[row]) for row in ("ping", "get_status", "command")} == {32, 64, 48}


def test_topics_come_at_their_frequencies(crowd_of):
    crowd = subscribing(crowd_of, subscribers=8, paces={"change_s": 60.0}).run(120)
    for topic, period_s in PERIODS_S.items():
        assert crowd.samples[topic] == pytest.approx([period_s * 1000] * len(crowd.samples[topic]))


def test_a_change_of_mind_leaves_nothing_subscribed_but_what_is_new(crowd_of):
    crowd = subscribing(crowd_of).run(120)
    topics, symbols = crowd.users[0].behaviour.interest
    selection = crowd.users[0].link.session.selection
    assert (tuple(selection.topics), tuple(selection.symbols)) == (topics, symbols)
    assert (topics, symbols) in INTERESTS
    assert len(crowd.samples["unsubscribe"]) == 6


def test_at_the_quickest_pace_the_limits_are_kept(crowd_of):
    quickest = {name: pace.least_s for name, pace in SigmaxSubscriber.PACES.items()}
    crowd = subscribing(crowd_of, paces=quickest).run(30)
    assert len(crowd.samples["command"]) > 170
    kinds = [entry.message["type"] for entry in crowd.users[0].link.conversation.entries if entry.message]
    assert "error" not in kinds


def test_the_servers_pings_are_answered_so_that_it_keeps_the_connection(crowd_of):
    slow = dict.fromkeys(SigmaxSubscriber.PACES, 10_000.0)
    crowd = subscribing(crowd_of, paces=slow).run(200)
    assert len(crowd.users[0].said("pong")) == 6
    assert crowd.users[0].is_open


def test_a_key_is_shown_where_one_is_given(crowd_of):
    crowd = subscribing(crowd_of, tokens=("k&y",), facts={"api_key": "k&y"}).run(5)
    assert crowd.errors == []
    assert "api_key" not in subscribing(crowd_of).users[0].dial.url


def test_who_is_refused_counts_the_code(crowd_of):
    crowd = subscribing(crowd_of, facts={"api_key": "another"})
    assert crowd.errors == [("connected", "error AUTHENTICATION_FAILED")]
    assert not crowd.users[0].is_open


def test_a_reply_is_known_by_its_request_id_wherever_it_stands(crowd_of):
    user, crowd = alone(crowd_of)
    user.ask("get_status", "get_status", {}, 0.0)
    user.ask("get_status", "get_status", {}, 1.0)
    crowd.users[0].inbox.frames.clear()
    second, first = f"req-{3}", f"req-{2}"
    user.received({"type": "system_status", "data": {"request_id": second}}, 4.0, 1)
    user.received({"type": "system_status", "data": {}, "request_id": first}, 6.0, 1)
    assert crowd.samples["get_status"] == [3000.0, 6000.0]


def test_without_request_ids_replies_are_known_by_their_turn(crowd_of):
    user, crowd = alone(crowd_of)
    user.echoes = False
    user.ask("get_status", "get_status", {}, 0.0)
    user.ask("command", "command", {"command": "analyze", "symbol": "BTC/USDT"}, 1.0)
    crowd.users[0].inbox.frames.clear()
    for at_s in (2.0, 4.0):
        user.received({"type": "system_status", "data": {}, "timestamp": "2024-01-15T10:30:01.5Z"}, at_s, 1)
    assert crowd.samples["get_status"] == [2000.0]
    assert crowd.samples["command"] == [3000.0]
    user.received({"type": "system_status", "data": {}, "timestamp": "2024-01-15T10:30:01.5Z"}, 6.0, 1)
    assert crowd.samples["event"] == [4500.0]


def test_an_error_answers_a_command_and_fails_all_else(crowd_of):
    user, crowd = alone(crowd_of)
    user.ask("command", "command", {"command": "dance"}, crowd.now)
    user.ask("subscribe", "subscribe", {"topics": ["nonsense"]}, crowd.now)
    crowd.users[0].act(0.0)
    assert crowd.samples["command"] == [0.0]
    assert crowd.errors == [("subscribe", "error INVALID_TOPIC")]


def test_an_error_without_an_id_is_that_of_the_oldest_request(crowd_of):
    user, crowd = alone(crowd_of)
    user.ask("ping", "ping", {}, 0.0)
    crowd.users[0].inbox.frames.clear()
    for _ in range(2):
        user.received({"type": "error", "data": {"code": "MESSAGE_PROCESSING_ERROR"}}, 1.0, 1)
    assert crowd.errors == [("ping", "error MESSAGE_PROCESSING_ERROR")]


def test_what_nobody_waits_for_changes_nothing(crowd_of):
    user, crowd = alone(crowd_of)
    for kind in ("connected", "pong", "subscribed", "unsubscribed"):
        user.received({"type": kind, "data": {}}, 1.0, 1)
    assert (dict(crowd.samples), crowd.errors) == ({}, [])
