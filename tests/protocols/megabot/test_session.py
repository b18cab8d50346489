"""The connection itself: greeting, refusal, limits, malformed input, batches, resuming."""

import json

import pytest

from harness.core.limits import Rate
from harness.core.message import Opcode
from harness.core.session import Close, Context, Request
from harness.protocols.megabot import PROTOCOL
from harness.protocols.megabot.credentials import new_token
from harness.protocols.megabot.session import MegabotSession

SAMPLE_CHAT = {
    "id": "msg_125",
    "type": "chat_send",
    "payload": {"content": "Hello MegaBot!", "platform": "web", "attachments": []},
    "metadata": {"user_id": "user_789", "session_id": "sess_456"},
}


def token_of(bot, life_s=60.0, user="user"):
    return new_token(user, bot.stage.clock.wall_s(bot.now), life_s)


# Opening -----------------------------------------------------------------------------------------


def test_a_client_is_greeted_as_in_the_sample(bot_of):
    client = bot_of().connect()
    assert client.take() == {
        "id": "msg_1001",
        "type": "connection_established",
        "payload": {
            "session_id": "sess_1001",
            "user_id": "user_1001",
            "capabilities": ["chat", "realtime", "streaming"],
        },
        "timestamp": 1705314600,
    }


def test_the_query_names_the_user(bot_of):
    visitor = bot_of().visit({"user_id": "user123", "platform": "web", "compression": "gzip"})
    assert visitor.greeting["user_id"] == "user123"


@pytest.mark.parametrize("headers", [{"x-api-key": "your_api_key"}, {"authorization": "Bearer your_api_key"}])
def test_an_api_key_is_good_and_its_user_is_made_up(bot_of, headers):
    assert bot_of(facts={"credentials": "required"}).visit(headers=headers).greeting["user_id"] == "user_1001"


def test_a_bad_token_gets_one_message_and_the_end(bot_of):
    client = bot_of().connect(query={"token": "your_jwt_token"})
    (error,) = client.messages()
    assert error["type"] == "connection_error"
    assert (error["payload"]["error"], error["payload"]["code"]) == ("authentication_failed", 401)
    assert error["payload"]["message"].startswith("Invalid token provided")
    assert client.ends == [1008]
    client.say(SAMPLE_CHAT)
    client.play.wait(10.0)
    assert len(client.messages()) == 1


def test_credentials_may_be_required(bot_of):
    client = bot_of(facts={"credentials": "required"}).connect()
    assert client.take()["payload"]["error"] == "authentication_failed"
    assert client.ends == [1008]


def test_a_client_that_was_turned_away_is_not_served_though_its_connection_stands(bot_of):
    bot = bot_of()
    stage = bot.stage
    request = Request("/ws", {"token": ""})
    session = MegabotSession(
        Context(bot.world, PROTOCOL.rules, lambda: stage.chance("x"), stage.clock, stage.agenda, stage.topics, request)
    )
    assert list(session.opened(0.0))[-1] == Close(1008, "authentication_failed")
    assert session.received(SAMPLE_CHAT, 0.0) == ()
    session.closed(1.0)
    assert bot.world.sessions.by_id == {}


def test_a_token_that_expires_later_changes_nothing(bot_of):
    bot = bot_of()
    visitor = bot.visit({"token": token_of(bot, 5.0)})
    bot.wait(10.0)
    assert visitor.ends == []


def test_a_rule_lets_the_connection_end_with_its_token(bot_of):
    bot = bot_of(rules={"close_expired": True})
    visitor, nobody = bot.visit({"token": token_of(bot, 5.0)}), bot.visit()
    bot.wait(4.9)
    assert visitor.log == []
    bot.wait(0.1)
    assert visitor.error("authentication_failed")["message"] == "The token has expired"
    assert (visitor.ends, nobody.ends) == ([1008], [])


# Resuming ----------------------------------------------------------------------------------------


def test_a_session_is_taken_up_with_its_user_and_workspaces(bot_of):
    bot = bot_of()
    first, peer = bot.visit(), bot.visit()
    for visitor in (first, peer):
        visitor.join("doc")
    first.leave()
    bot.wait(1799.0)
    again = bot.visit({"session_id": first.greeting["session_id"]})
    assert again.greeting == first.greeting
    peer.act("doc")
    again.act("doc")
    bot.wait(0.0)
    assert again.take("collaborative_action")["payload"]["user_id"] == peer.greeting["user_id"]
    assert peer.take("collaborative_action")["payload"]["user_id"] == first.greeting["user_id"]


def test_missed_messages_are_not_sent_again(bot_of):
    bot = bot_of()
    first = bot.visit()
    first.chat("What is the capital of France?")
    bot.wait(0.5)
    first.leave()
    again = bot.visit({"session_id": first.greeting["session_id"]})
    bot.wait(30.0)
    assert again.log == []
    assert bot.world.streams == {}


def test_a_session_that_was_left_too_long_ago_is_not_taken_up(bot_of):
    bot = bot_of()
    first = bot.visit()
    first.leave()
    bot.wait(1800.0)
    assert bot.visit({"session_id": first.greeting["session_id"]}).greeting["session_id"] != "sess_1001"


@pytest.mark.parametrize("wanted", ["", "sess_999", "nonsense"])
def test_an_unknown_session_is_a_fresh_one(bot_of, wanted):
    assert bot_of().visit({"session_id": wanted}).greeting["session_id"] == "sess_1001"


def test_a_foreign_session_is_a_fresh_one(bot_of):
    bot = bot_of()
    own = bot.visit({"token": token_of(bot)}).greeting
    other = bot.visit({"token": token_of(bot, user="other"), "session_id": own["session_id"]}).greeting
    nobody = bot.visit({"session_id": own["session_id"]}).greeting
    assert len({own["session_id"], other["session_id"], nobody["session_id"]}) == 3
    assert (other["user_id"], nobody["user_id"]) == ("other", "user_1001")


def test_two_connections_may_share_a_session(bot_of):
    bot = bot_of()
    first = bot.visit()
    second = bot.visit({"session_id": first.greeting["session_id"]})
    assert second.greeting == first.greeting
    first.chat("Hello")
    bot.wait(3.0)
    assert first.text() == "Hello! How can I help you today?"
    assert second.log == []


# Malformed input ---------------------------------------------------------------------------------


def a_message(kind="chat_send", payload=None, **changes):
    return {"id": "c1", "type": kind, "payload": {"content": "Hi"} if payload is None else payload, **changes}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"type": "chat_send", "payload": {"content": "Hi"}}, "id: expected a value, found nothing"),
        ({"id": "c1", "type": "chat_send"}, "payload: expected a value, found nothing"),
        ({"id": "c1", "payload": {}}, "type: expected one of chat_send"),
        (a_message(type=""), "type: expected one of chat_send"),
        (a_message(type=5), "type: expected one of chat_send"),
        (a_message(id=""), "id: expected at least 1 character"),
        (a_message(id=7), "id: expected a string, found 7"),
        (a_message(payload="Hi"), "payload: expected an object"),
        (a_message(payload={"content": ""}), "payload.content: expected at least 1 character"),
        (a_message(payload={"content": 5}), "payload.content: expected a string"),
        (a_message(timestamp="now"), "timestamp: expected a number"),
        (a_message(id="i" * 1001), "id: expected "),
        (a_message(metadata=[]), "metadata: expected an object"),
        (a_message("tool_call", {"tool_name": "run_tests"}), "payload.execution_id: expected a value"),
        (a_message("session_join", {"session_id": 1}), "payload.session_id: expected a string"),
        (a_message("batch", {"messages": []}), "payload.messages: expected at least 1 item"),
        ([], "expected a JSON object"),
        (None, "expected a JSON object"),
    ],
)
def test_what_the_schema_refuses_gets_400_and_the_connection_stays(bot_of, message, said):
    bot = bot_of()
    visitor = bot.visit()
    visitor.say(message)
    has_id = isinstance(message, dict) and isinstance(message.get("id"), str) and message["id"]
    error = visitor.error("invalid_message", message if has_id else None)
    assert error["code"] == 400
    assert said in error["message"]
    visitor.chat("Hello")
    bot.wait(3.0)
    assert visitor.text()


@pytest.mark.parametrize("data", [b"", b"Hello", b'{"id": ', b"\xff", b"\x00\x01"])
def test_what_is_no_json_gets_400_in_text_and_binary_frames(bot_of, data):
    visitor = bot_of().visit()
    for opcode in (Opcode.TEXT, Opcode.BINARY):
        visitor.say_raw(data, opcode)
        assert visitor.error("invalid_message")["code"] == 400


def test_a_binary_frame_gets_400_whatever_it_holds(bot_of):
    visitor = bot_of().visit()
    visitor.say_raw(json.dumps(SAMPLE_CHAT).encode(), Opcode.BINARY)
    assert visitor.error("invalid_message")["message"] == "message: expected a text frame, found a binary frame"
    assert visitor.ends == []


@pytest.mark.parametrize("kind", ["chat_receive", "tool_result", "connection_established", "ping", "Chat_send"])
def test_types_that_no_client_sends_are_unknown(bot_of, kind):
    visitor = bot_of().visit()
    request = visitor.tell(kind, {"execution_id": "exec_456"})
    assert visitor.error("unknown_message_type", request)["code"] == 400
    assert visitor.ends == []


def test_a_misspelt_type_gets_the_right_word(bot_of):
    visitor = bot_of().visit()
    request = visitor.tell("chat-send", {"content": "Hi"})
    assert visitor.error("unknown_message_type", request)["message"].endswith("did you mean chat_send?")


def test_the_sample_chat_and_extra_members_are_accepted(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    visitor.say({**SAMPLE_CHAT, "timestamp": 1640995200123, "more": [1]})
    bot.wait(3.0)
    assert visitor.text() == "Hello! How can I help you today?"


# Limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["x" * 10_000, "é" * 10_000, "😀" * 5_000, " "])
def test_content_of_ten_thousand_units_is_answered(bot_of, content):
    bot = bot_of()
    visitor = bot.visit()
    visitor.chat(content)
    bot.wait(60.0)
    assert visitor.text()
    assert visitor.messages("connection_error") == []


@pytest.mark.parametrize("content", ["x" * 10_001, "😀" * 5_000 + "x"])
def test_longer_content_gets_400(bot_of, content):
    bot = bot_of()
    visitor = bot.visit()
    request = visitor.chat(content)
    error = visitor.error("content_too_long", request)
    assert (error["code"], "10000" in error["message"]) == (400, True)
    bot.wait(10.0)
    assert visitor.log == []


def test_of_a_burst_ten_messages_are_taken_and_the_others_dropped(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    requests = [visitor.chat("Hello") for _ in range(30)]
    for request in requests[10:]:
        assert visitor.error("rate_limit_exceeded", request)["code"] == 429
    bot.wait(60.0)
    answered = [m["metadata"]["in_reply_to"] for m in visitor.messages("chat_receive")]
    assert answered == [request["id"] for request in requests[:10]]
    assert visitor.ends == []


def test_a_steady_ten_a_second_are_taken(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    for _ in range(100):
        visitor.join("doc")
        bot.wait(0.1)
    assert visitor.log == []


def test_the_limit_is_that_of_each_connection_and_malformed_messages_count(bot_of):
    bot = bot_of(rules={"messages": Rate(3, 10.0)})
    visitor, other = bot.visit(), bot.visit()
    for _ in range(3):
        visitor.say_raw(b"nonsense")
        visitor.error("invalid_message")
    visitor.say_raw(b"nonsense")
    visitor.error("rate_limit_exceeded")
    visitor.say({"id": "c9", "type": "unknown"})
    visitor.error("rate_limit_exceeded", {"id": "c9"})
    other.chat("Hello")
    bot.wait(3.4)
    assert other.text()
    request = visitor.act("doc")
    visitor.error("not_a_participant", request)


def test_a_batch_counts_once(bot_of):
    bot = bot_of(rules={"messages": Rate(1, 10.0)})
    visitor = bot.visit()
    chats = [{"id": f"b{n}", "type": "chat_send", "payload": {"content": "Hi"}} for n in range(12)]
    visitor.tell("batch", {"messages": chats})
    bot.wait(20.0)
    assert [m["metadata"]["in_reply_to"] for m in visitor.messages("chat_receive")] == [c["id"] for c in chats]


def test_a_message_of_one_mebibyte_is_read_and_a_larger_one_is_the_last(bot_of):
    visitor = bot_of().visit()
    visitor.say_raw(b'{"a":"' + b"x" * (1_048_576 - 8) + b'"}')
    visitor.error("invalid_message")
    visitor.say_raw(b'{"a":"' + b"x" * (1_048_577 - 8) + b'"}')
    assert visitor.error("message_too_large")["code"] == 413
    assert visitor.ends == [1009]


# Batches -----------------------------------------------------------------------------------------


def test_each_message_of_a_batch_is_answered_by_itself(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    messages = [
        {"id": "b1", "type": "chat_send", "payload": {"content": "Hello"}},
        {"id": "b2", "type": "tool_call", "payload": {"tool_name": "read_file", "execution_id": "e1"}},
        {"id": "b3", "type": "session_join", "payload": {"session_id": "doc"}},
        {"id": "b4", "type": "collaborative_action", "payload": {"session_id": "doc", "action": "file_open"}},
        {"id": "b5", "type": "chat_send", "payload": {}},
        5,
        {"id": "b7", "type": "nonsense", "payload": {}},
    ]
    visitor.tell("batch", {"messages": messages}, timestamp=1640995211456)
    bot.wait(10.0)
    assert visitor.text() == "Hello! How can I help you today?"
    assert visitor.take("tool_result")["payload"]["execution_id"] == "e1"
    errors = [(e.get("metadata"), e["payload"]["error"]) for e in visitor.messages("connection_error")]
    assert errors == [
        ({"in_reply_to": "b5"}, "invalid_message"),
        (None, "invalid_message"),
        ({"in_reply_to": "b7"}, "unknown_message_type"),
    ]


def test_a_batch_of_one_is_accepted(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    visitor.tell("batch", {"messages": [SAMPLE_CHAT]})
    bot.wait(3.0)
    assert visitor.text()


def test_a_batch_in_a_batch_is_refused_as_a_whole(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    inner = {"id": "b1", "type": "batch", "payload": {"messages": [SAMPLE_CHAT]}}
    request = visitor.tell("batch", {"messages": [SAMPLE_CHAT, inner]})
    error = visitor.error("invalid_message", request)
    assert error["message"] == "payload.messages.1: expected a message that is no batch itself, found an object"
    bot.wait(3.0)
    assert visitor.log == []


def test_a_user_may_have_any_name(bot_of):
    assert bot_of().visit({"user_id": "Zoë 😀"}).greeting["user_id"] == "Zoë 😀"
