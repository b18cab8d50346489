"""One client's side: it is told the state at once and every second, and whatever it says is not answered."""

import logging

import pytest

from harness.core.message import Opcode
from harness.protocols.brainstream import PROTOCOL
from harness.protocols.brainstream.credentials import DEMO_TOKEN
from harness.scenario.scenario import Action, Scenario, Step
from harness.wire.schemas import shapes

PATHS = ("/ws/stream", "/")


@pytest.mark.parametrize("path", PATHS)
def test_welcome_comes_at_once_and_telemetry_every_second(play, path):
    play = play()
    play.wait(0.3)
    client = play.connect(path=path)
    play.wait(5)
    assert [(t, m["type"]) for t, m in client.log] == [(0.3, "WELCOME"), *((t, "TELEMETRY") for t in (1, 2, 3, 4, 5))]


def test_both_paths_of_the_spec_are_served():
    assert PROTOCOL.paths == PATHS
    assert PROTOCOL.subprotocols == ("token",)
    assert DEMO_TOKEN in PROTOCOL.hint


def test_welcome_may_be_missing(play):
    play = play(rules={"welcome": False})
    client = play.connect()
    play.wait(2)
    assert [(t, m["type"]) for t, m in client.log] == [(1, "TELEMETRY"), (2, "TELEMETRY")]


MALFORMED = {
    "no JSON": b"hello",
    "half a message": b'{"type":"PI',
    "an array": b'["PING"]',
    "a number": b"7",
    "null": b"null",
    "no type": b"{}",
    "an unknown type": b'{"type":"STOP"}',
    "a type of the server": b'{"type":"TELEMETRY","data":{}}',
    "a type that is no text": b'{"type":7}',
    "SUBSCRIBE without symbol": b'{"type":"SUBSCRIBE"}',
    "nothing": b"",
    "deeply nested": b"[" * 5000,
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_malformed_input_is_logged_and_ignored(play, caplog, data, opcode):
    caplog.set_level(logging.DEBUG, "harness.brainstream")
    play, undisturbed = play(), play()
    client, other = play.connect(), undisturbed.connect()
    play.wait(1.5)
    client.say_raw(data, opcode)
    play.wait(2)
    undisturbed.wait(1.5)
    undisturbed.wait(2)
    assert client.log == other.log
    received = [r for r in caplog.records if "BrainStream: Received" in r.getMessage()]
    assert [r.levelname for r in received] == ["DEBUG"]


def test_a_command_in_a_binary_frame_is_malformed_too(play, data_of, caplog):
    caplog.set_level(logging.DEBUG, "harness.brainstream")
    play = play(rules={"commands": "served"})
    client = play.connect()
    client.say_raw(b'{"type":"HALT"}', Opcode.BINARY)
    play.wait(1)
    assert client.times() == [0, 1]
    assert data_of(client)[-1]["status"] == "ACTIVE"
    assert "Received message: expected a text frame, found a binary frame" in caplog.text


def test_of_a_long_message_the_log_has_the_beginning_only(play, caplog):
    caplog.set_level(logging.DEBUG, "harness.brainstream")
    play().connect().say({"type": "PING", "more": "x" * 100_000})
    assert "Received {'type': 'PING', 'more': 'xxx" in caplog.text
    assert len(caplog.text) < 2000


def test_ping_is_kept_quiet_and_silence_is_no_reason_to_leave(play):
    play = play()
    talker, listener = play.connect(), play.connect()
    for _ in range(10):
        talker.say({"type": "PING"})
        play.wait(30)
    assert talker.log == listener.log
    assert len(talker.messages()) == 301
    assert talker.ends == []


def test_commands_are_ignored_until_they_are_served(play, data_of):
    play, undisturbed = play(), play()
    client, other = play.connect(), undisturbed.connect()
    client.say({"type": "SUBSCRIBE", "symbol": "AAPL"})
    client.say({"type": "HALT"})
    play.wait(3)
    undisturbed.wait(3)
    assert client.log == other.log


def test_halt_that_is_served_stops_trading_for_everybody(play, data_of, texts_of):
    play = play(rules={"commands": "served"})
    one, other = play.connect(), play.connect()
    one.say({"type": "HALT"})
    play.wait(2)
    for client in (one, other):
        assert client.times() == [0, 1, 2]
        assert [data["status"] for data in data_of(client)] == ["ACTIVE", "HALT", "HALT"]
        assert "Governance: a client asked for an emergency stop" in texts_of(data_of(client)[-1])


def test_subscribe_that_is_served_sells_what_is_held_and_trades_the_other_symbol(play, data_of, texts_of):
    play = play(rules={"commands": "served"}, facts={"volatility": 0})
    one, other = play.connect(), play.connect()
    play.wait(1)
    one.say({"type": "SUBSCRIBE", "symbol": "AAPL"})
    play.wait(1)
    data = data_of(other)[-1]
    assert (data["market"]["symbol"], data["market"]["price"]) == ("AAPL", 225.10)
    assert data["portfolio"]["nav"] == data["portfolio"]["cash"] == 105234.56
    assert "Execution: sold 44.9337 SPY at 450.32" in texts_of(data)
    assert "Engine: AAPL is the active symbol now" in texts_of(data)


def test_where_nothing_is_held_nothing_is_sold_before_the_other_symbol_is_traded(play, data_of, texts_of):
    play = play(rules={"commands": "served"}, facts={"shares": 0, "trading": False})
    client = play.connect()
    client.say({"type": "SUBSCRIBE", "symbol": "AAPL"})
    play.wait(1)
    data = data_of(client)[-1]
    assert data["market"]["symbol"] == "AAPL"
    assert not any(text.startswith("Execution: sold") for text in texts_of(data))


def test_a_symbol_is_taken_up_again_where_it_was_left(play, data_of):
    play = play(rules={"commands": "served"}, facts={"symbol": "CAT", "price": 300.0})
    client = play.connect()
    play.wait(50)
    left = data_of(client)[-1]["market"]["price"]
    client.say({"type": "SUBSCRIBE", "symbol": "SPY"})
    client.say({"type": "SUBSCRIBE", "symbol": "SPY"})
    play.wait(20)
    client.say({"type": "SUBSCRIBE", "symbol": "CAT"})
    play.wait(1)
    assert [data["market"]["symbol"] for data in data_of(client)[50:]] == ["CAT"] + ["SPY"] * 20 + ["CAT"]
    assert data_of(client)[-1]["market"]["price"] == pytest.approx(left, rel=0.01)


def test_an_unknown_symbol_is_ignored(play, data_of, caplog):
    caplog.set_level(logging.DEBUG, "harness.brainstream")
    play = play(rules={"commands": "served"})
    client = play.connect()
    client.say({"type": "SUBSCRIBE", "symbol": "NOBODY"})
    play.wait(1)
    assert data_of(client)[-1]["market"]["symbol"] == "SPY"
    assert "'NOBODY' is no symbol" in caplog.text


# Who may listen ---------------------------------------------------------------------------------


def test_as_many_connections_as_are_allowed_come_from_one_address(play):
    play = play(rules={"connections_per_ip": 2})
    first, second, third = play.connect(), play.connect(), play.connect()
    elsewhere = play.connect(remote="192.0.2.7")
    play.wait(1)
    assert [each.ends for each in (first, second, third, elsewhere)] == [[], [], [1013], []]
    assert third.messages() == []
    third.leave()  # Who was refused gives no place back.
    assert play.connect().ends == [1013]
    first.leave()
    assert play.connect().ends == []


def test_without_a_limit_any_number_may_come(play):
    play = play()
    clients = [play.connect() for _ in range(50)]
    play.wait(1)
    assert all(client.times() == [0, 1] for client in clients)


def test_a_token_is_demanded_where_the_rules_say_so(play):
    play = play(rules={"token": "required"})
    good = play.connect(headers={"sec-websocket-protocol": f"token, {DEMO_TOKEN}"}, subprotocol="token")
    bad = play.connect(headers={"sec-websocket-protocol": "token, nonsense"}, subprotocol="token")
    none = play.connect()
    play.wait(1)
    assert [each.ends for each in (good, bad, none)] == [[], [1008], [1008]]
    assert [len(each.messages()) for each in (good, bad, none)] == [2, 0, 0]


def test_otherwise_any_token_will_do(play):
    client = play().connect(headers={"sec-websocket-protocol": "token, nonsense"}, subprotocol="token")
    assert [m["type"] for m in client.messages()] == ["WELCOME"]


def test_when_the_backend_goes_connections_are_cut_and_new_ones_refused_until_it_is_back(play):
    play = play()
    clients = [play.connect(), play.connect()]
    play.wait(2)
    play.world.change({"feed": "down"}, play.now)
    play.wait(2)
    refused = play.connect()
    play.world.change({"feed": "live"}, play.now)
    back = play.connect()
    play.wait(1)
    assert [client.log[-1] for client in clients] == [(2, "cut")] * 2
    assert refused.log == [(4, 1013)]
    assert back.times() == [4, 5]


def test_coming_and_going_is_logged_as_the_spec_shows_it(play, caplog):
    caplog.set_level(logging.INFO, "harness.brainstream")
    play = play(rules={"connections_per_ip": 1})
    client = play.connect()
    play.connect()
    client.leave()
    second = play.connect()
    play.world.change({"feed": "down"}, play.now)
    play.wait(0)
    second.leave()
    assert [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "harness.brainstream"] == [
        ("INFO", "🧠 BrainStream: Client Connected"),
        ("WARNING", "🧠 BrainStream: Connection Closed (1 connections from one address are allowed)"),
        ("INFO", "🧠 BrainStream: Client Disconnected"),
        ("INFO", "🧠 BrainStream: Client Connected"),
        ("WARNING", "🧠 BrainStream: Connection Closed (Connection reset by peer)"),
        ("INFO", "🧠 BrainStream: Client Disconnected"),
    ]


def test_a_script_answers_one_client_alone(play_of, data_of):
    action = Action(send=("TELEMETRY", None), changes={"data.market.price": 1.0})
    step = Step(when="PING", actions=(action,))
    play = play_of(PROTOCOL, Scenario("pong", "A pong", PROTOCOL, steps=(step,)))
    one, other = play.connect(), play.connect()
    play.wait(1.5)
    one.say({"type": "PING"})
    play.wait(1)
    assert one.times() == [0, 1, 1.5, 2]
    assert other.times() == [0, 1, 2]
    assert data_of(one)[2]["market"]["price"] == 1.0
    assert data_of(one)[2]["timestamp"] == "2024-01-15T10:30:01.500Z"


def test_every_message_that_a_client_may_send_has_a_move():
    assert {kind for _, kind in PROTOCOL.session.MOVES} == set(shapes(PROTOCOL.folder).names("client"))
