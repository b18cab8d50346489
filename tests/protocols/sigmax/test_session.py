"""What one client hears: greeting, confirmations, answers, errors, heartbeats, and each event once."""

import json

import pytest

from harness.core.limits import Rate
from harness.core.message import Opcode
from harness.protocols.sigmax.session import State
from harness.scenario import stage

BTC, ETH = "BTC/USDT", "ETH/USDT"


def codes(messages):
    return [m["data"]["code"] for m in messages if m["type"] == "error"]


def error_of(answers):
    """The data of the only answer, which must be an error."""
    (message,) = answers
    assert message["type"] == "error"
    return message["data"]


# Connection -----------------------------------------------------------------------------------------


def test_a_client_is_greeted_with_its_connection_id(system_of):
    system = system_of()
    first, second = system.connect(), system.connect()
    (greeting,) = first.messages()
    assert greeting["type"] == "connected"
    assert greeting["connection_id"] == greeting["data"]["connection_id"]
    assert first.id != second.id
    assert list(greeting) == ["type", "data", "timestamp", "connection_id"]


def test_with_a_key_only_those_who_have_it_are_served(system_of):
    system = system_of(facts={"api_key": "k-1"})
    for query in ({}, {"api_key": "k-2"}, {"api_key": ""}):
        refused = system.connect(query=query)
        assert codes(refused.messages()) == ["AUTHENTICATION_FAILED"]
        assert refused.ends == [1008]
    assert len(system.connect(query={"api_key": "k-1"}).messages("connected")) == 1


def test_without_a_key_any_is_good(system_of):
    assert system_of().connect(query={"api_key": "whatever"}).ends == []


def test_one_connection_too_many_is_refused_and_not_counted(system_of):
    system = system_of(rules={"max_connections": 2})
    first, _ = system.connect(), system.connect()
    for _ in range(2):
        refused = system.connect()
        assert codes(refused.messages()) == ["MAX_CONNECTIONS_EXCEEDED"]
        assert refused.ends == [1013]
        assert refused.messages()[0]["connection_id"] != first.id
    first.leave()
    assert len(system.connect().messages("connected")) == 1
    assert codes(system.connect().messages()) == ["MAX_CONNECTIONS_EXCEEDED"]


def test_the_key_is_looked_at_before_the_limit(system_of):
    system = system_of(facts={"api_key": "k-1"}, rules={"max_connections": 0})
    assert codes(system.connect().messages()) == ["AUTHENTICATION_FAILED"]
    assert codes(system.connect(query={"api_key": "k-1"}).messages()) == ["MAX_CONNECTIONS_EXCEEDED"]


def test_who_was_refused_is_served_nothing_even_if_the_close_gets_lost(system_of):
    refused = system_of(rules={"max_connections": 0}).connect()
    session = refused.link.session
    assert session.state is State.REFUSED
    assert session.received({"type": "ping"}, 0.0) == ()


# Subscriptions --------------------------------------------------------------------------------------


def test_the_sample_is_confirmed_as_in_the_sample(system_of):
    (answer,) = system_of().connect().subscribe("proposals", "executions", "analysis", symbols=[BTC, ETH])
    assert answer["type"] == "subscribed"
    assert answer["data"] == {
        "topics": ["proposals", "executions", "analysis"],
        "symbols": [BTC, ETH],
        "message": "Subscribed to 3 topics and 2 symbols",
    }


def test_invalid_entries_bring_an_error_each_before_the_valid_are_confirmed(system_of):
    client = system_of().connect()
    answers = client.subscribe("market", "invalid_topic", "Market", symbols=["BTCUSDT", BTC, "btc/usdt"])
    assert codes(answers) == ["INVALID_TOPIC", "INVALID_TOPIC", "INVALID_SYMBOL", "INVALID_SYMBOL"]
    assert [m["type"] for m in answers] == [*["error"] * 4, "subscribed"]
    assert (answers[-1]["data"]["topics"], answers[-1]["data"]["symbols"]) == (["market"], [BTC])
    assert answers[0]["data"]["error"] == "Invalid subscription topic"
    assert answers[0]["data"]["details"].startswith("Topic 'invalid_topic' does not exist")


def test_a_connection_has_a_thousand_symbols_and_no_more(system_of):
    client = system_of().connect("market", symbols=[f"A{n}/B" for n in range(999)])
    assert [m["type"] for m in client.subscribe(symbols=["A0/B", BTC])] == ["subscribed"]
    error = error_of(client.ask("subscribe", {"topics": ["health"], "symbols": [ETH]}, request_id=1))
    assert error["code"] == "MESSAGE_PROCESSING_ERROR"
    assert error["details"] == "At most 1000 symbols can be subscribed; unsubscribe from some"
    (active,) = client.ask("get_subscriptions")
    assert active["data"]["message"] == "Subscribed to 1 topics and 1000 symbols"
    client.unsubscribe(symbols=["A0/B"])
    assert [m["type"] for m in client.subscribe(symbols=[ETH])] == ["subscribed"]


def test_where_nothing_is_valid_nothing_is_confirmed(system_of):
    client = system_of().connect()
    assert codes(client.subscribe("x", symbols=["y"])) == ["INVALID_TOPIC", "INVALID_SYMBOL"]
    assert client.messages("subscribed") == []
    assert codes(client.unsubscribe("x")) == ["INVALID_TOPIC"]
    assert client.messages("unsubscribed") == []


@pytest.mark.parametrize("data", [{}, {"topics": []}, {"symbols": [], "topics": []}])
@pytest.mark.parametrize(("kind", "verb"), [("subscribe", "Subscribed to"), ("unsubscribe", "Unsubscribed from")])
def test_an_empty_selection_is_confirmed(system_of, kind, verb, data):
    (answer,) = system_of().connect().ask(kind, data)
    assert answer["data"] == {"topics": [], "symbols": [], "message": f"{verb} 0 topics and 0 symbols"}


def test_a_confirmation_tells_of_its_request_and_get_subscriptions_of_all(system_of):
    client = system_of().connect("market", symbols=[BTC])
    (answer,) = client.subscribe("health", "market", symbols=[f"symbol:{ETH}"])
    assert (answer["data"]["topics"], answer["data"]["symbols"]) == (["health", "market"], [ETH])
    (answer,) = client.ask("get_subscriptions", request_id=5)
    assert answer["type"] == "subscribed"
    assert answer["data"] == {
        "topics": ["market", "health"],
        "symbols": [BTC, ETH],
        "message": "Subscribed to 2 topics and 2 symbols",
    }
    assert answer["request_id"] == 5


def test_unsubscribing_is_confirmed_for_what_was_not_there_too(system_of):
    client = system_of().connect("market")
    (answer,) = client.unsubscribe("market", "health", symbols=[ETH])
    assert answer["type"] == "unsubscribed"
    assert answer["data"]["message"] == "Unsubscribed from 2 topics and 1 symbols"
    client.play.wait(10)
    assert client.messages("market_update") == []


def test_subscriptions_do_not_outlive_their_connection(system_of):
    system = system_of()
    first = system.connect("market")
    first.leave()
    second = system.connect()
    system.wait(10)
    assert first.messages("market_update") == second.messages("market_update") == []


@pytest.mark.parametrize(
    ("topics", "symbols"),
    [
        (["all", "market", "analysis", "portfolio"], [BTC]),
        (["market", "analysis", "portfolio"], [BTC, ETH]),
        (["all"], [BTC]),
    ],
)
def test_each_event_comes_once_however_subscriptions_overlap(system_of, topics, symbols):
    client = system_of().connect(*topics, symbols=symbols)
    client.subscribe(*topics, symbols=symbols)
    client.play.wait(30)
    for kind, every_s in (("market_update", 2), ("portfolio_update", 3)):
        assert client.times(kind) == [every_s * n for n in range(1, 30 // every_s + 1)]
    seen = [json.dumps(m) for m in client.messages("analysis_update")]
    assert len(seen) == len(set(seen)) > 5


def test_a_topic_brings_all_symbols_whatever_symbols_are_chosen_beside(system_of):
    client = system_of().connect("market", symbols=[BTC])
    client.play.wait(2)
    (rows,) = client.data("market_update")
    assert len(rows) == len(client.play.world.market.pairs)


def test_symbols_alone_bring_their_rows_and_analyses_and_nothing_else(system_of):
    client = system_of().connect(symbols=[BTC, ETH])
    client.play.wait(25)
    assert all([row["symbol"] for row in rows] == [BTC, ETH] for rows in client.data("market_update"))
    assert {data["symbol"] for data in client.data("analysis_update")} == {BTC, ETH}
    assert {m["type"] for m in client.messages()} == {"connected", "subscribed", "market_update", "analysis_update"}


def test_a_pair_that_is_not_traded_stays_silent(system_of):
    client = system_of().connect(symbols=["XXX/YYY"])
    client.play.wait(25)
    assert [m["type"] for m in client.messages()] == ["connected", "subscribed"]


def test_a_choice_of_symbols_that_nobody_has_any_more_is_made_no_more(system_of):
    system = system_of()
    first, second = system.connect(symbols=[BTC]), system.connect(symbols=[BTC, ETH])
    first.leave()
    second.unsubscribe(symbols=[ETH])
    second.subscribe(symbols=["SOL/USDT"])
    system.wait(2)
    assert list(system.world._market_channels) == ["market/BTC/USDT SOL/USDT"]
    assert len(second.messages("market_update")) == 1


def test_all_is_not_thinned_out_and_leaves_single_topics_alone(system_of):
    client = system_of().connect("all", "market", symbols=[BTC])
    client.unsubscribe("health", symbols=[BTC])
    client.play.wait(10)
    assert len(client.messages("health_update")) == 1
    client.unsubscribe("all")
    client.play.wait(10)
    assert len(client.messages("health_update")) == 1
    assert client.times("market_update") == [2.0 * n for n in range(1, 11)]


# Encoding once --------------------------------------------------------------------------------------


def test_an_event_is_encoded_once_for_all_clients(system_of, monkeypatch):
    encoded = []
    encode = stage.encode
    monkeypatch.setattr(stage, "encode", lambda message: encoded.append(message) or encode(message))
    system = system_of(facts={"proposals_every_s": 1000.0})
    wholes = [system.connect(topic) for _ in range(10) for topic in ("all", "market")]
    parts = [system.connect(symbols=symbols) for _ in range(10) for symbols in ([BTC, ETH], [ETH, BTC], [BTC])]
    encoded.clear()
    system.play.wait(2)
    assert len(encoded) == 3  # All rows, two pairs, one pair.
    for client in (*wholes, *parts):
        (event,) = client.messages("market_update")
        assert event["connection_id"] == client.id


# Answers --------------------------------------------------------------------------------------------


def test_ping_is_answered_and_pong_is_not(system_of):
    client = system_of().connect()
    (answer,) = client.ask("ping", request_id="r-1")
    assert (answer["type"], answer["data"], answer["request_id"]) == ("pong", {}, "r-1")
    assert client.ask("pong") == client.ask("pong", {"unasked": True}) == []


@pytest.mark.parametrize("kind", ["ping", "get_status", "get_subscriptions"])
@pytest.mark.parametrize("data", [None, {}, [], 5, "x"])
def test_what_needs_no_data_takes_any(system_of, kind, data):
    (answer,) = system_of().connect().ask(kind, data)
    assert answer["type"] != "error"


@pytest.mark.parametrize(
    ("request_id", "is_echoed"),
    [("r-1", True), ("", True), (0, True), (1.5, True), (None, False), (True, False), ([1], False), ({}, False)],
)
def test_request_ids_that_are_text_or_numbers_come_back_with_answers_and_errors(system_of, request_id, is_echoed):
    client = system_of().connect()
    for kind, data in (("ping", None), ("get_status", None), ("subscribe", {"topics": ["x"]}), ("subscribe", 5)):
        (answer,) = client.ask(kind, data, request_id=request_id)
        assert ("request_id" in answer) == is_echoed
        assert answer.get("request_id", request_id) == request_id


def test_events_carry_no_request_id(system_of):
    client = system_of().connect()
    client.ask("subscribe", {"topics": ["all"]}, request_id="r-1")
    client.play.wait(12)
    assert [m["type"] for m in client.messages() if "request_id" in m] == ["subscribed"]


def test_get_status_tells_the_requester_alone(system_of):
    system = system_of()
    other, client = system.connect("status"), system.connect()
    system.wait(23)
    (answer,) = client.ask("get_status")
    assert answer["type"] == "system_status"
    assert answer["data"]["status"] == "running"
    assert answer["data"]["connections"] == 2
    assert answer["data"]["uptime_s"] == 23.0
    assert other.times("system_status") == [5.0, 10.0, 15.0, 20.0]


@pytest.mark.parametrize(
    "text",
    [
        *(b"{", b"[]", b"5", b"null", b"\xff", b"{}", b'{"type": 5}', b'{"type": "hello"}', b'{"type": "connected"}'),
        *(b'{"type": "subscribe"}', b'{"type": "subscribe", "data": []}', b'{"type": "unsubscribe", "data": null}'),
        *(b'{"type": "subscribe", "data": {"topics": "market"}}', b'{"type": "subscribe", "data": {"symbols": [5]}}'),
        *(b'{"type": "command"}', b'{"type": "command", "data": {"command": 5}}', b'{"type": "command", "data": {}}'),
        b'{"type": "command", "data": {"command": "pause", "args": []}}',
    ],
)
def test_what_is_no_valid_message_brings_an_error_and_the_connection_stays(system_of, text):
    client = system_of().connect()
    client.say_raw(text)
    error = error_of(client.messages("error"))
    assert error["code"] == "MESSAGE_PROCESSING_ERROR"
    assert "expected" in error["details"]
    assert [m["type"] for m in client.ask("ping")] == ["pong"]


def test_a_misspelt_type_is_refused_with_the_right_word(system_of):
    error = error_of(system_of().connect().ask("subcribe", {}))
    assert error["details"].endswith("did you mean subscribe?")


def test_json_in_a_binary_frame_is_taken_as_text(system_of):
    client = system_of().connect()
    client.say_raw(b'{"type": "ping"}', Opcode.BINARY)
    assert len(client.messages("pong")) == 1


def test_a_bug_of_the_mock_is_told_and_the_connection_stays(system_of, monkeypatch, caplog):
    client = system_of().connect()
    monkeypatch.setattr(client.play.world, "status_data", None)
    (answer,) = client.ask("get_status", request_id="r-1")
    assert (codes([answer]), answer["request_id"]) == (["MESSAGE_PROCESSING_ERROR"], "r-1")
    assert client.ends == []
    assert len(caplog.records) == 1


# Heartbeat ------------------------------------------------------------------------------------------


def test_the_server_pings_each_connection_every_30_s_from_its_opening(system_of):
    system = system_of()
    first = system.connect()
    system.wait(7)
    second = system.connect()
    system.wait(113)
    assert first.times("ping") == [30.0, 60.0, 90.0, 120.0]
    assert second.times("ping") == [37.0, 67.0, 97.0]
    assert first.messages("ping")[0]["connection_id"] == first.id


def test_a_client_that_says_nothing_for_60_s_is_closed(system_of):
    client = system_of().connect("market")
    client.play.wait(59)
    client.say({"type": "nonsense"})  # Whatever is JSON is a sign of life.
    client.play.wait(59.9)
    assert client.ends == []
    client.play.wait(0.1)
    assert client.log[-1] == (119.0, 1001)


def test_control_frames_and_what_is_no_json_object_are_no_signs_of_life(system_of):
    client = system_of().connect()
    client.play.wait(30)
    client.say_raw(b"", Opcode.PONG)
    client.say_raw(b"hello")
    client.say_raw(b"[]")
    client.play.wait(30)
    assert client.log[-1] == (60.0, 1001)


# Commands -------------------------------------------------------------------------------------------


def test_a_pause_stops_proposals_and_ends_by_itself_after_ten_seconds(system_of):
    client = system_of(facts={"proposals_every_s": 1.0}).connect("status", "proposals")
    client.play.wait(5)
    (answer,) = client.ask("command", {"command": "pause"}, request_id="p")[:1]
    assert (answer["type"], answer["request_id"]) == ("system_status", "p")
    assert (answer["data"]["status"], answer["data"]["command"]) == ("paused", "pause")
    client.play.wait(16)
    paused, resumed = client.data("status_change")
    assert paused == {"previous_status": "running", "status": "paused", "reason": "Paused by a command"}
    assert (resumed["previous_status"], resumed["status"]) == ("paused", "running")
    assert client.times("status_change") == [5.0, 15.0]
    assert [t for t in client.times("proposal_created") if 5 < t < 15] == []
    assert [t for t in client.times("proposal_created") if t > 15] != []


def test_a_pause_can_be_ended_before_and_begun_anew(system_of):
    client = system_of().connect("status")
    client.command("pause")
    client.play.wait(4)
    assert client.command("resume")[0]["data"]["status"] == "running"
    client.play.wait(1)
    client.command("pause")
    client.play.wait(8)
    client.command("pause")
    client.play.wait(20)
    assert client.times("status_change") == [0.0, 4.0, 5.0, 23.0]


def test_commands_that_change_no_status_are_answered_without_a_change(system_of):
    client = system_of().connect("status")
    assert [m["type"] for m in client.command("resume")] == ["system_status"]


def test_analyze_tells_its_analysis_to_all_who_subscribed(system_of):
    system = system_of()
    other, client = system.connect(symbols=[ETH]), system.connect()
    (answer,) = client.command("analyze", args={"symbol": f"symbol:{ETH}"})
    assert answer["data"]["command"] == "analyze"
    assert [data["symbol"] for data in other.data("analysis_update")] == [ETH]


def test_the_answer_to_a_command_comes_before_what_it_causes(system_of):
    client = system_of().connect("all")
    assert [m["type"] for m in client.command("analyze", symbol=BTC)] == ["system_status", "analysis_update"]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ({"command": "stop"}, "MESSAGE_PROCESSING_ERROR", "Command 'stop' does not exist; there are pause, resume, "),
        ({"command": "Resumee"}, "MESSAGE_PROCESSING_ERROR", "Command 'Resumee' does not exist; did you mean resume?"),
        ({"command": "analyze"}, "MESSAGE_PROCESSING_ERROR", "Command 'analyze' takes symbol, a text"),
        ({"command": "analyze", "symbol": 5}, "MESSAGE_PROCESSING_ERROR", "Command 'analyze' takes symbol, a text"),
        ({"command": "analyze", "symbol": "BTC"}, "INVALID_SYMBOL", "Symbol 'BTC' is not of the form BASE/QUOTE"),
        ({"command": "analyze", "symbol": "A/B"}, "MESSAGE_PROCESSING_ERROR", "Pair A/B is not traded here; there are"),
        ({"command": "approve_proposal"}, "MESSAGE_PROCESSING_ERROR", "Command 'approve_proposal' takes proposal_id"),
        (
            {"command": "approve_proposal", "proposal_id": "prop_1"},
            "MESSAGE_PROCESSING_ERROR",
            "No proposal 'prop_1' waits for approval",
        ),
    ],
)
def test_a_command_that_cannot_be_carried_out_is_refused_in_words(system_of, data, code, words):
    error = error_of(system_of().connect().ask("command", data))
    assert error["code"] == code
    assert error["details"].startswith(words)


def test_a_proposal_is_approved_by_command_once(system_of):
    client = system_of(facts={"proposals": "left"}).connect("proposals", "executions")
    client.play.wait(12)
    name = client.data("proposal_created")[0]["proposal_id"]
    assert client.messages("proposal_approved") == []
    answers = client.command("approve_proposal", proposal_id=name)
    assert [m["type"] for m in answers] == ["system_status", "proposal_approved"]
    assert codes(client.command("approve_proposal", proposal_id=name)) == ["MESSAGE_PROCESSING_ERROR"]
    client.play.wait(3)
    assert [data["proposal_id"] for data in client.data("trade_executed")] == [name]
    assert codes(client.command("approve_proposal", proposal_id=name)) == ["MESSAGE_PROCESSING_ERROR"]


def test_a_proposal_that_is_refused_is_an_error_to_who_approved_it_and_an_alert(system_of):
    system = system_of(facts={"proposals": "left", "refusal": "the desk is closed"})
    client = system.connect("proposals", "alerts")
    system.wait(12)
    system.world.change({"proposals": "refused"}, system.now)
    name = client.data("proposal_created")[-1]["proposal_id"]
    error, alert = client.command("approve_proposal", proposal_id=name)
    assert error["data"]["details"] == f"Proposal {name} was refused: the desk is closed"
    assert alert["data"]["message"] == f"Proposal {name} was refused: the desk is closed"


def test_120_commands_in_ten_seconds_are_carried_out_and_no_more(system_of):
    client = system_of().connect()
    for _ in range(120):
        assert [m["type"] for m in client.command("resume")] == ["system_status"]
    client.play.wait(4)
    error = error_of(client.ask("command", {"command": "resume"}, request_id="last"))
    assert error["code"] == "MESSAGE_PROCESSING_ERROR"
    assert error["details"] == "Commands are limited to 120 per 10s; wait 6.0 s before sending more"
    assert client.messages("error")[0]["request_id"] == "last"
    assert [m["type"] for m in client.ask("ping")] == ["pong"]
    client.play.wait(6)
    assert [m["type"] for m in client.command("resume")] == ["system_status"]


def test_who_waits_as_long_as_told_is_not_too_early(system_of):
    client = system_of(rules={"commands": Rate(1, 1.0)}).connect()
    client.command("resume")
    client.play.wait(0.26)
    assert (
        error_of(client.command("resume"))["details"]
        == "Commands are limited to 1 per 1s; wait 0.8 s before sending more"
    )
    client.play.wait(0.8)
    assert [m["type"] for m in client.command("resume")] == ["system_status"]


def test_commands_that_a_script_answers_are_counted_too(system_of):
    client = system_of("limits: {commands: 2 per 1m}\nsteps: [{when: command, reply: [pong]}]").connect()
    assert [client.command("pause")[0]["type"] for _ in range(3)] == ["pong", "pong", "error"]
