"""What is particular to EventBus's document; what holds for all is in tests/protocols/test_shapes.py."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocols import eventbus
from harness.wire.schemas import shapes

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures" / "eventbus"
SHAPES = shapes(eventbus.PROTOCOL.folder)

EVENTS = {
    "prediction": {
        *("predictor.start", "predictor.stop", "predictor.error"),
        *("prediction.created", "prediction.resolved", "predictor.cycle"),
    },
    "automation": {"automation_run.started", "automation_run.updated"},
    "training": {"training.started", "training.progress", "training.succeeded", "training.failed"},
    "hft": {
        *("hft.start", "hft.stop", "hft.broker", "hft.error", "hft.flatten"),
        *("hft.entry", "hft.exit", "hft.trade_risk", "hft.manage_error"),
    },
}
CHANNEL_OF = {name: channel for channel, names in EVENTS.items() for name in names}


def fixtures(folder):
    return [pytest.param(json.loads(p.read_text()), id=p.stem) for p in sorted((FIXTURES / folder).glob("*.json"))]


VALID = fixtures("valid")
INVALID = fixtures("invalid")
VALID_MESSAGES = [param.values[0]["message"] for param in VALID]


def test_each_type_has_valid_messages_and_each_with_members_broken_ones():
    broken = {param.values[0]["message"].get("type") for param in INVALID}
    assert {message["type"] for message in VALID_MESSAGES} == set(CHANNEL_OF)
    assert set(CHANNEL_OF) - broken == set()


def test_each_member_that_must_be_there_is_missing_in_a_broken_message():
    places = {(p.values[0]["message"].get("type"), p.values[0]["where"]) for p in INVALID}
    missing = {where for _, where in places if "." not in where}
    assert missing >= {"channel", "type", "payload", "ts"}
    for name in CHANNEL_OF:
        [whole, *_] = [m for m in VALID_MESSAGES if m["type"] == name]
        for member in whole["payload"]:
            broken = copy.deepcopy(whole)
            del broken["payload"][member]
            problem = SHAPES.problem(broken, "server")
            assert problem is None or (name, problem.where) in places, f"{name} without {member} is not in invalid/"


@pytest.mark.parametrize("message", [{"type": "subscribe"}, {}])
def test_clients_say_nothing(message):
    assert SHAPES.names("client") == []
    assert str(SHAPES.problem(message, "client")) == "message: expected nothing from a client, found a message"


def test_the_document_knows_the_events_of_the_four_channels():
    assert set(SHAPES.names("server")) == set(CHANNEL_OF)


@pytest.mark.parametrize("message", VALID_MESSAGES, ids=[param.id for param in VALID])
def test_the_channel_agrees_with_the_type(message):
    assert message["channel"] == CHANNEL_OF[message["type"]]
    for other in set(EVENTS) - {message["channel"]}:
        assert SHAPES.problem({**message, "channel": other}, "server").where == "channel"


def test_the_document_has_the_four_channels_with_their_events():
    channels = SHAPES.document["channels"].values()
    found = {
        channel["address"]: {
            SHAPES.document["components"]["messages"][message["$ref"].rsplit("/", 1)[-1]]["name"]
            for message in channel["messages"].values()
        }
        for channel in channels
    }
    assert found == {f"/api/ws/{name}": names for name, names in EVENTS.items()}
    assert set(found) == set(eventbus.PROTOCOL.paths)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("prediction.create", "prediction.created"), ("HFT.entry", "hft.entry"), ("training.fail", "training.failed")],
)
def test_a_misspelt_type_is_refused_with_the_right_word(wrong, right):
    problem = SHAPES.problem({"type": wrong}, "server")
    assert problem.hint == right
    assert str(problem).endswith(f"did you mean {right}?")


ANYTHING = st.one_of(st.none(), st.integers(), st.text(max_size=8), st.sampled_from([*EVENTS, *CHANNEL_OF, 1.5]))


def places(value, path=()):
    """The path of every node of a message."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from places(child, (*path, key))


@st.composite
def mutants(draw):
    """A valid message with one to three of its nodes deleted, replaced or added to."""
    message = copy.deepcopy(draw(st.sampled_from(VALID_MESSAGES)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([p for p in places(message) if p]))
        parent = message
        for key in path[:-1]:
            parent = parent[key]
        match draw(st.sampled_from(["delete", "replace", "add"])):
            case "delete" if len(message) > 1:
                del parent[path[-1]]
            case "add" if isinstance(parent, dict):
                parent[draw(st.text(max_size=3))] = draw(ANYTHING)
            case _:
                parent[path[-1]] = draw(ANYTHING)
    return message


@given(mutants())
def test_no_mutant_that_is_accepted_is_on_a_channel_of_other_events(message):
    if SHAPES.is_valid(message, "server"):
        assert message["channel"] == CHANNEL_OF[message["type"]]
