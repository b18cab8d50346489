from __future__ import annotations

import pytest

from harness.core.message import Problem
from harness.wire.schemas import Shapes, shapes

DOCUMENT = """\
asyncapi: 3.0.0
operations:
  call:
    action: receive
    messages: [{$ref: '#/channels/lift/messages/Call'}, {$ref: '#/channels/lift/messages/Stop'}]
    reply: {messages: [{$ref: '#/channels/lift/messages/Going'}, {$ref: '#/channels/lift/messages/Error'}]}
  signal:
    action: send
    messages: [{$ref: '#/channels/lift/messages/Error'}, {$ref: '#/channels/lift/messages/Express'}]
components:
  messages:
    Call:
      name: Call
      payload:
        required: [floor]
        properties:
          floor: {type: integer, minimum: 0, maximum: 9}
          at: {type: string, format: date-time}
      examples: [{name: ground, payload: {type: Call, floor: 0}}]
    Stop: {name: Stop, payload: true}
    Going:
      name: Going
      payload: {required: [floor], properties: {kind: {const: slow}, floor: {type: integer}}}
      examples: [{name: slow, payload: {type: Going, kind: slow, floor: 1}}]
    Express:
      name: Going
      payload: {required: [stops], properties: {kind: {const: express}, stops: {type: array, items: {type: integer}}}}
      examples: [{name: express, payload: {type: Going, kind: express, stops: [1, 5]}}]
    Error: {name: Error, payload: {properties: {text: {type: string}}}}
"""


@pytest.fixture(scope="module")
def lift(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lift")
    (folder / "asyncapi.yaml").write_text(DOCUMENT)
    return shapes(folder)


def test_receive_is_what_clients_send_and_reply_and_send_what_servers_do(lift):
    assert lift.names("client") == ["Call", "Stop"]
    assert lift.names("server") == ["Going", "Error"]


def test_a_message_named_in_two_operations_counts_once(lift):
    assert lift.payloads("server", "Error") == [{"properties": {"text": {"type": "string"}}}]


def test_two_messages_may_share_a_name(lift):
    assert len(lift.payloads("server", "Going")) == 2
    assert list(lift.examples["Going"]) == ["slow", "express"]
    assert all(lift.is_valid(example, "server") for example in lift.examples["Going"].values())


def test_examples_are_found_by_sender_type_and_name(lift):
    assert lift.client_examples == {"Call": {"ground": {"type": "Call", "floor": 0}}, "Stop": {}}
    assert lift.examples["Error"] == {}


def test_a_protocol_is_compiled_once(lift, tmp_path):
    (tmp_path / "asyncapi.yaml").write_text(DOCUMENT)
    assert shapes(tmp_path) is shapes(tmp_path)
    assert shapes(tmp_path) is not lift


def test_good_messages_have_no_problem(lift):
    assert lift.problem({"type": "Call", "floor": 3}, "client") is None
    assert lift.is_valid({"type": "Call", "floor": 3}, "client")


def test_each_side_has_its_own_types(lift):
    assert not lift.is_valid({"type": "Call", "floor": 3}, "server")


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({}, "type: expected one of Call, Stop, found nothing"),
        ({"type": None}, "type: expected one of Call, Stop, found null"),
        ({"type": ["Call"]}, "type: expected one of Call, Stop, found an array"),
        ({"type": "call"}, 'type: expected one of Call, Stop, found "call"; did you mean Call?'),
        ({"type": "Call"}, "floor: expected a value, found nothing"),
        ({"type": "Call", "floor": "3"}, 'floor: expected a whole number, found "3"'),
        ({"type": "Call", "floor": 10}, "floor: expected a number of at most 9, found 10"),
        (
            {"type": "Call", "floor": 1, "at": "noon"},
            'at: expected an RFC 3339 time such as 2024-01-15T10:30:00Z, found "noon"',
        ),
    ],
)
def test_a_refusal_says_where_and_why(lift, message, complaint):
    problem = lift.problem(message, "client")
    assert str(problem) == complaint
    assert problem.message is message


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"kind": "slow", "floor": "1"}, 'floor: expected a whole number, found "1"'),
        ({"kind": "express"}, "stops: expected a value, found nothing"),
        ({"kind": "express", "stops": [1, "5"]}, 'stops.1: expected a whole number, found "5"'),
    ],
)
def test_of_several_shapes_the_one_that_was_meant_is_explained(lift, message, complaint):
    assert str(lift.problem({"type": "Going", **message}, "server")) == complaint


def test_values_nested_very_deep_are_refused_without_a_crash(lift):
    deep = 1
    for _ in range(1000):
        deep = [deep]
    problem = lift.problem({"type": "Call", "floor": deep}, "client")
    assert "nested" in str(problem)


def test_should_the_validators_disagree_the_fast_one_decides(lift, monkeypatch):
    monkeypatch.setattr(Shapes, "explanation", lambda self, message, sender: None)
    problem = lift.problem({"type": "Call", "floor": "3"}, "client")
    assert problem == Problem("shape", "", "a Call message", "one that its schema refuses", problem.message)
