"""The connection itself: Auth, states, envelope, heartbeats, timers, limits."""

import itertools
from dataclasses import replace
from datetime import datetime

import pytest

from harness.core.limits import Rate
from harness.core.message import Frame, Opcode, Problem
from harness.core.session import Close, Context, Send
from harness.protocols.skybit import PROTOCOL
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession, State

CLIENT_TYPES = ("Auth", "Chat", "Approve", "Cancel", "Heartbeat", "Subscribe", "Unsubscribe")
DATA = {
    "Auth": {"token": "demo-user-1"},
    "Chat": {"text": "Buy 1 share of AAPL at limit 5.00"},
    "Approve": {"preview_id": "prev-000000"},
    "Cancel": {"target": "all_orders"},
    "Heartbeat": {"client_ts": "2024-01-15T10:30:30.123Z"},
    "Subscribe": {"channels": [{"type": "orders", "all": True}]},
    "Unsubscribe": {"channels": ["quotes"]},
}


def test_auth_is_confirmed_with_user_features_and_limits(play):
    client = play().connect()
    client.auth("eyJhbGciOiJIUzI1NiIs...")
    assert client.take("Auth")["data"] == {
        "status": "authenticated",
        "user": {"id": "user-123", "email": "trader@example.com"},
        "features": ["equities", "options", "realtime_data"],
        "limits": {"max_orders_per_day": 100, "max_position_value": 100_000},
    }


def test_a_bad_token_fails_and_ends_the_connection(play):
    client = play().connect()
    request = client.auth("nonsense")
    assert client.error("AUTH_FAILED", request)["recoverable"] is False
    assert client.close == (1008, "AUTH_FAILED")
    assert client.link.session.state is State.DISCONNECTED


def test_an_expired_token_may_be_followed_by_a_good_one(play):
    client = play().connect()
    request = client.auth("demo-expired")
    assert client.error("SESSION_EXPIRED", request)["recoverable"] is True
    client.auth("demo-user-1")
    assert client.take()["type"] == "Auth"
    assert client.close is None


@pytest.mark.parametrize("kind", [k for k in CLIENT_TYPES if k != "Auth"])
def test_nothing_is_served_before_auth(play, kind):
    client = play().connect()
    request = client.say(kind, **DATA[kind])
    client.error("AUTH_FAILED", request)
    assert client.close[0] == 1008


def test_a_malformed_message_before_auth_keeps_the_connection(play):
    client = play().connect()
    client.say_raw({"type": "Auth", "id": "no uuid"})
    error = client.take("Error")["data"]
    assert (error["code"], error["request_id"]) == ("INVALID_REQUEST", "no uuid")
    client.auth()
    assert client.take()["type"] == "Auth"


@pytest.mark.parametrize("value", [[], 5, None, {"id": 7}, {}])
def test_what_is_no_message_is_refused_without_a_request_id(play, value):
    client = play().trader()
    client.say_raw(value)
    error = client.error("INVALID_REQUEST")
    assert set(error["details"]) == {"field", "expected", "found"}


def test_a_word_that_is_nearly_right_gets_the_right_one_suggested(play):
    client = play().trader()
    request = client.say("Cancel", target="orders")
    error = client.error("INVALID_REQUEST", request)
    assert (error["details"]["field"], error["suggestions"]) == ("data.target", ["Did you mean order?"])


def test_a_second_auth_changes_nothing(play):
    client = play().trader()
    request = client.auth("demo-user-2")
    client.error("INVALID_REQUEST", request)
    request = client.say("Heartbeat", **DATA["Heartbeat"])
    assert client.take("Heartbeat")["session"] == client.session_id


def test_a_message_must_name_the_session(play):
    client = play().trader()
    request = client.say("Heartbeat", session="another", **DATA["Heartbeat"])
    error = client.error("INVALID_REQUEST", request)
    assert error["details"] == {"field": "session", "expected": client.session_id, "found": "another"}


def test_a_session_is_resumed_by_its_user_only(play):
    stage = play()
    first = stage.trader("demo-user-1")
    again, other = stage.connect(), stage.connect()
    again.auth("demo-user-1", session=first.session_id)
    other.auth("demo-user-2", session=first.session_id)
    assert again.take("Auth")["session"] == first.session_id
    assert other.take("Auth")["session"] != first.session_id


def test_a_session_that_ends_asks_for_another_auth(play):
    stage = play(rules={"session_life_s": 20.0})
    client = stage.trader()
    client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
    stage.wait(19.5)
    assert len(client.take_all("MarketData")) == 19
    stage.wait(10.0)
    assert client.inbox == []
    request = client.say("Heartbeat", **DATA["Heartbeat"])
    client.error("SESSION_EXPIRED", request)
    old = client.session_id
    client.auth("demo-user-1")
    assert client.take()["session"] != old
    client.say("Heartbeat", **DATA["Heartbeat"])
    client.take("Heartbeat")
    stage.wait(5.0)
    assert client.inbox == []  # What was subscribed ended with the session.


def test_an_answer_under_way_when_the_session_ends_is_not_given(play):
    stage = play(rules={"session_life_s": 20.0}, facts={"think_s": 5.0})
    client = stage.trader()
    stage.wait(19.0)
    client.say("Chat", **DATA["Chat"])
    stage.wait(1.0)
    client.error("SESSION_EXPIRED", client.say("Heartbeat", **DATA["Heartbeat"]))
    stage.wait(20.0)
    assert client.inbox == []


def test_a_request_whose_session_ends_before_its_answer_is_told_so_once(play):
    stage = play(rules={"session_life_s": 20.0}, facts={"think_s": 5.0})
    client = stage.trader()
    stage.wait(14.0)
    request = client.say("Chat", **DATA["Chat"])
    stage.wait(5.5)
    client.take("Plan")
    stage.wait(10.0)
    client.error("SESSION_EXPIRED", request)
    assert client.inbox == []
    client.auth()
    client.take("Auth")


def test_what_one_user_asked_is_not_answered_to_the_next(play):
    stage = play(rules={"session_life_s": 20.0}, facts={"think_s": 5.0})
    client = stage.trader("demo-user-1")
    stage.wait(19.0)
    client.say("Chat", **DATA["Chat"])
    stage.wait(1.0)
    client.auth("demo-user-2")
    client.take("Auth")
    stage.wait(19.0)
    assert client.inbox == []
    assert stage.world.accounts["user-2"].previews == {}


def test_own_orders_report_after_another_auth_on_their_connection(play):
    stage = play(rules={"session_life_s": 20.0})
    client = stage.trader()
    order = client.order("Buy 1 share of AAPL at limit 5.00")
    stage.wait(20.0)
    client.auth()
    client.take("Auth")
    client.say("Cancel", target="order", order_id=order["order_id"])
    assert client.take("Status")["data"]["status"] == "cancelled"


def test_the_newest_hundred_sessions_of_a_user_can_be_resumed(play):
    stage = play()
    ids = []
    for _ in range(101):
        client = stage.trader()
        ids.append(client.session_id)
        client.link.gone(stage.now)
    for session, resumed in ((ids[0], False), (ids[-1], True)):
        client = stage.connect()
        client.auth(session=session)
        assert (client.session_id == session) is resumed
        client.link.gone(stage.now)
    assert len(stage.world.accounts["user-1"].sessions) == 100


def test_a_user_may_have_ten_connections(play):
    stage = play()
    clients = [stage.trader() for _ in range(10)]
    eleventh = stage.connect()
    request = eleventh.auth()
    error = eleventh.error("RATE_LIMIT", request)
    assert error["details"] == {"operation": "connections", "limit": 10}
    assert eleventh.close[0] == 1008
    stage.trader("demo-user-2")
    clients[3].link.gone(stage.now)
    stage.trader()


def test_a_client_may_leave_before_it_has_said_who_it_is(play):
    stage = play()
    client = stage.connect()
    client.link.gone(stage.now)
    stage.wait(100.0)
    assert (client.pings, client.close) == (0, None)


def test_another_user_after_the_session_ended_leaves_the_first_ones_place(play):
    stage = play(rules={"session_life_s": 5.0, "connections_per_user": 1})
    client = stage.trader("demo-user-1")
    stage.wait(5.0)
    client.say("Heartbeat", **DATA["Heartbeat"])
    client.take("Error")
    client.auth("demo-user-2")
    assert client.take()["data"]["user"]["id"] == "user-2"
    stage.trader("demo-user-1")


# Heartbeat and timers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client_ts", "latency_ms"), [("10:30:29.978Z", 22), ("10:30:31.000Z", 0), ("12:30:29.000+02:00", 1000)]
)
def test_a_heartbeat_measures_latency(play, client_ts, latency_ms):
    stage = play()
    client = stage.trader()
    stage.wait(30.0)
    client.say("Heartbeat", client_ts=f"2024-01-15T{client_ts}")
    assert client.take("Heartbeat")["data"] == {
        "client_ts": f"2024-01-15T{client_ts}",
        "server_ts": "2024-01-15T10:30:30.000Z",
        "latency_ms": latency_ms,
    }


def test_latency_is_the_difference_of_the_times_that_are_told(play):
    stage = play()
    client = stage.trader()
    stage.wait(30.1459)
    client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    data = client.take("Heartbeat")["data"]
    assert (data["server_ts"], data["latency_ms"]) == ("2024-01-15T10:30:30.145Z", 22)


def test_even_a_moment_that_no_calendar_has_is_reckoned_with(play):
    client = play().trader()
    client.say("Heartbeat", client_ts="0000-12-31T23:59:59.000Z")  # RFC 3339 has a year 0, datetime has none.
    seconds = (datetime(2024, 1, 15, 10, 30) - datetime(1, 1, 1)).total_seconds() + 1
    assert client.take("Heartbeat")["data"]["latency_ms"] == seconds * 1000


def test_the_server_pings_every_thirty_seconds(play):
    stage = play()
    client = stage.connect()
    stage.wait(29.9)
    assert client.pings == 0
    stage.wait(0.1)
    assert client.pings == 1
    stage.wait(29.9)
    assert client.pings == 1


def test_silence_ends_the_connection_after_a_minute(play):
    stage = play()
    client = stage.trader()
    stage.wait(59.9)
    client.link.receive(Frame(Opcode.PONG), stage.now)
    assert client.close is None
    stage.wait(0.1)
    assert client.close == (1001, "no heartbeat")


@pytest.mark.parametrize("words", [{"type": "nothing"}, None])
def test_any_message_keeps_the_connection(play, words):
    stage = play()
    client = stage.trader()
    stage.wait(40.0)
    client.say("Heartbeat", **DATA["Heartbeat"]) if words is None else client.say_raw(words)
    stage.wait(59.9)
    assert client.close is None
    stage.wait(0.1)
    assert client.close is not None


# Limits -----------------------------------------------------------------------------------------

LIMITS = [("Chat", "chats", 60), ("Approve", "approvals", 100), ("Heartbeat", "heartbeats", 120)]


@pytest.mark.parametrize(("kind", "rule", "count"), LIMITS)
def test_each_operation_has_its_limit_per_minute(play, kind, rule, count):
    stage = play()
    client = stage.trader()
    for _ in range(count):
        client.say(kind, **DATA[kind])
    assert "RATE_LIMIT" not in {m["data"].get("code") for m in client.take_all()}
    stage.wait(1.0)
    client.take_all()
    for _ in range(3):
        error = client.error("RATE_LIMIT", client.say(kind, **DATA[kind]))
        assert error["details"] == {"operation": kind, "limit": count, "window_s": 60, "retry_after_s": 59.0}
        assert error["recoverable"] is True
    stage.wait(58.9)
    client.take_all()
    client.error("RATE_LIMIT", client.say(kind, **DATA[kind]))
    stage.wait(0.1)
    client.say(kind, **DATA[kind])
    stage.wait(0.2)
    assert "RATE_LIMIT" not in {m["data"].get("code") for m in client.take_all()}


def test_all_messages_together_have_a_limit_that_auth_and_malformed_ones_count_in(play):
    client = play(rules={"messages": Rate(5, 60.0)}).trader()
    for _ in range(2):
        client.say_raw({})
        client.say("Unsubscribe", channels=["quotes"])
    client.take_all()
    error = client.error("RATE_LIMIT", client.say("Unsubscribe", channels=["quotes"]))
    assert error["details"]["operation"] == "messages"
    client.say_raw({})
    client.error("RATE_LIMIT")


def test_what_one_limit_refuses_does_not_count_in_the_other(play):
    client = play(rules={"messages": Rate(5, 60.0), "chats": Rate(1, 60.0)}).trader()
    for _ in range(10):
        client.say("Chat", **DATA["Chat"])
    operations = [m["data"]["details"]["operation"] for m in client.take_all("Error")]
    assert operations == ["Chat"] * 9
    client.say("Heartbeat", **DATA["Heartbeat"])
    client.take("Heartbeat")


def test_limits_are_those_of_one_connection(play):
    stage = play(rules={"heartbeats": Rate(1, 60.0)})
    for client in (stage.trader(), stage.trader()):
        client.say("Heartbeat", **DATA["Heartbeat"])
        client.take("Heartbeat")


# The table --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "kind"), list(itertools.product(State, CLIENT_TYPES)))
def test_every_message_in_every_state_is_answered_or_refused(play, state, kind):
    stage = play(facts={"think_s": 0.0})
    client = stage.connect() if state is State.AUTHENTICATING else stage.trader()
    session = client.link.session
    session.state = state
    client.say(kind, **DATA[kind])
    stage.wait(1.0)
    codes = [m["data"].get("code") for m in client.take_all()]
    if (state, kind) in SkybitSession.MOVES or state is State.DISCONNECTED:
        assert not {"AUTH_FAILED", "SESSION_EXPIRED", "INTERNAL_ERROR"} & set(codes)
    else:
        expected = {
            State.AUTHENTICATING: "AUTH_FAILED",
            State.EXPIRED: "SESSION_EXPIRED",
            State.READY: "INVALID_REQUEST",
        }
        assert codes == [expected[state]]


def test_every_move_is_a_method():
    assert all(callable(getattr(SkybitSession, name)) for name in SkybitSession.MOVES.values())


def test_a_bug_is_told_and_survived(play, caplog):
    class Broken(SkybitSession):
        def heartbeat(self, message, now):
            raise ZeroDivisionError

    client = play(protocol=replace(PROTOCOL, session=Broken)).trader()
    request = client.say("Heartbeat", **DATA["Heartbeat"])
    assert client.error("INTERNAL_ERROR", request)["recoverable"] is True
    assert "failed on a Heartbeat" in caplog.text
    client.say("Unsubscribe", channels=["quotes"])
    assert client.close is None


def test_a_session_alone_answers_with_effects(play):
    stage = play().stage
    session = SkybitSession(
        Context(stage.world, stage.scenario.rules, lambda: stage.chance("t"), stage.clock, stage.agenda, stage.topics)
    )
    session.opened(0.0)
    (effect,) = session.received({"type": "Auth", "id": "i", "session": "new", "data": {"token": "demo-user-1"}}, 0.0)
    assert isinstance(effect, Send)
    error, close = session.refuse(Refusal("AUTH_FAILED", "no", closes=True), None, 1.0)
    assert (error.message["data"]["request_id"], close) == (None, Close(1008, "AUTH_FAILED"))
    (effect,) = session.refused(Problem("json", "", "a", "b"), 2.0)
    assert effect.message["data"]["code"] == "INVALID_REQUEST"
    session.closed(3.0)
    assert session.own.connections == set()
