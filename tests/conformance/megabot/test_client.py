"""What the checks of clients say of a client that does everything right, and of one that does one thing wrong."""

import json

import pytest

from harness.conformance import suite
from harness.conformance.judging import on_conversation
from harness.conformance.verdict import Kind
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode

MEGABOT = suite.load("megabot")
CHECKS = {c.id: c for c in MEGABOT.checks if MEGABOT.requirements[c.id].side == "client"}
GREETING = {
    "id": "msg_123",
    "type": "connection_established",
    "payload": {"session_id": "sess_456", "user_id": "user_789", "capabilities": ["chat"]},
    "timestamp": 1640995200,
}


def say(number, kind, **payload):
    return {"id": f"msg_{number}", "type": kind, "payload": payload, "timestamp": 1640995200123}


def good():
    """The messages of a client that does everything right."""
    chat = say(1, "chat_send", content="Hello MegaBot!", platform="web", attachments=[])
    chat["metadata"] = {"user_id": "user_789", "session_id": "sess_456"}
    call = say(2, "tool_call", tool_name="run_tests", parameters={}, execution_id="exec_456")
    join = say(3, "session_join", session_id="sess_457")
    act = say(4, "collaborative_action", session_id="sess_457", action="cursor_move", data={})
    own = say(5, "collaborative_action", session_id="sess_456", action="cursor_move", data={})
    del own["timestamp"]
    inner = [say(7, "chat_send", content="Hi"), say(8, "tool_call", tool_name="build", execution_id="exec_457")]
    return [chat, call, join, act, own, say(6, "batch", messages=inner)]


def held(messages, gap_s=0.2, greeting=GREETING, frames=()):
    result = Conversation()
    if greeting:
        result.note(0.0, "server", Frame(Opcode.TEXT, json.dumps(greeting).encode()))
    for number, message in enumerate(messages):
        result.note(1 + number * gap_s, "client", Frame(Opcode.TEXT, json.dumps(message).encode()))
    for frame in frames:
        result.note(60.0, "client", frame)
    return result


def kind_of(id_, conversation):
    return on_conversation(MEGABOT, CHECKS[id_], conversation).kind


@pytest.mark.parametrize("id_", CHECKS)
def test_a_good_client_keeps_every_requirement(id_):
    outcome = on_conversation(MEGABOT, CHECKS[id_], held(good()))
    assert outcome.kind is Kind.HELD
    assert outcome.observations > 0


WRONG = {
    "MEG-CLI-02": say(9, "chat_send", content="Hi") | {"id": 9},
    "MEG-CLI-03": say(1, "chat_send", content="Hi"),
    "MEG-CLI-04": say(9, "chat_receive", content="Hi"),
    "MEG-CLI-05": say(9, "chat_send") | {"payload": "Hi"},
    "MEG-CLI-06": say(9, "chat_send", content="Hi") | {"timestamp": "now"},
    "MEG-CLI-07": say(9, "chat_send", content=""),
    "MEG-CLI-08": say(9, "chat_send", content="🙂" * 5001),
    "MEG-CLI-09": say(9, "tool_call", execution_id="exec_9"),
    "MEG-CLI-10": say(9, "tool_call", tool_name="build"),
    "MEG-CLI-11": say(9, "session_join"),
    "MEG-CLI-12": say(9, "collaborative_action", session_id="sess_456"),
    "MEG-CLI-13": say(9, "collaborative_action", session_id="sess_9", action="cursor_move"),
    "MEG-CLI-14": say(9, "batch", messages=[say(10, "chat_send", content="Hi")]),
    "MEG-CLI-15": say(9, "collaborative_action", session_id="sess_456", action="text_edit", data="x" * 1_048_576),
    "MEG-CLI-17": say(9, "chat_send", content="Hi") | {"metadata": {"user_id": "user_1"}},
    "MEG-CLI-18": say(9, "tool_call", tool_name="build", execution_id="exec_456"),
}


@pytest.mark.parametrize("id_", WRONG)
def test_one_wrong_message_breaks_what_it_breaks(id_):
    assert kind_of(id_, held([*good(), WRONG[id_]])) is Kind.VIOLATED


@pytest.mark.parametrize("messages", [None, [5, 6], [say(10, "batch", messages=[]), say(11, "chat_send")]])
def test_a_batch_of_something_else_is_none(messages):
    assert kind_of("MEG-CLI-14", held([say(9, "batch", messages=messages)])) is Kind.VIOLATED


def test_frames_that_hold_no_object_are_none():
    assert kind_of("MEG-CLI-01", held([], frames=[Frame(Opcode.BINARY, b"{}")])) is Kind.VIOLATED
    assert kind_of("MEG-CLI-01", held([], frames=[Frame(Opcode.TEXT, b"Hello")])) is Kind.VIOLATED
    assert kind_of("MEG-CLI-01", held([], frames=[Frame(Opcode.CLOSE)])) is Kind.HELD


def test_twelve_messages_within_a_second_are_too_many():
    many = [say(number, "chat_send", content="Hi") for number in range(12)]
    assert kind_of("MEG-CLI-16", held(many, 0.05)) is Kind.VIOLATED
    assert kind_of("MEG-CLI-16", held(many, 0.1)) is Kind.HELD


def test_without_a_greeting_nobody_knows_who_has_joined():
    conversation = held([WRONG["MEG-CLI-13"]], greeting=None)
    assert on_conversation(MEGABOT, CHECKS["MEG-CLI-13"], conversation).observations == 0
