"""EventBus's document against its golden messages, and its two validators against each other."""

from __future__ import annotations

import copy
import json
import subprocess
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


@pytest.mark.parametrize("fixture", VALID)
def test_valid_messages_are_accepted_by_both_validators(fixture):
    assert SHAPES.problem(fixture["message"], "server") is None
    assert SHAPES.explanation(fixture["message"], "server") is None


@pytest.mark.parametrize("fixture", INVALID)
def test_invalid_messages_are_refused_by_both_validators_at_their_fault(fixture):
    message = fixture["message"]
    problem = SHAPES.problem(message, "server")
    assert problem is not None
    assert problem.where == fixture["where"]
    if message.get("type") in CHANNEL_OF:
        assert SHAPES.explanation(message, "server") == problem


def test_there_are_enough_broken_messages_and_all_are_of_the_server():
    assert len(INVALID) >= 60
    assert {param.values[0]["from"] for param in [*VALID, *INVALID]} == {"server"}


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


def test_every_type_has_examples_and_all_are_valid():
    assert list(SHAPES.examples) == SHAPES.names("server")
    for name, of_type in SHAPES.examples.items():
        assert of_type
        for example in of_type.values():
            assert SHAPES.explanation(example, "server") is None
            assert example["channel"] == CHANNEL_OF[name]


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


def places(value, path=()):
    """The path of every node of a message."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from places(child, (*path, key))


ANYTHING = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False)),
    *(st.text(max_size=8), st.just([]), st.just({}), st.lists(st.integers(0, 3), max_size=3)),
    st.sampled_from(["prediction", "hft", "hft.entry", "training.failed", 1739570000, 1.0, 0, -1, 0.5, "\n"]),
)


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
def test_the_two_validators_agree_on_broken_messages(message):
    problem = SHAPES.problem(message, "server")
    kind = message.get("type")
    if isinstance(kind, str) and kind in CHANNEL_OF:
        assert SHAPES.explanation(message, "server") == problem
    else:
        assert problem is not None
        assert problem.where == "type"


@given(mutants())
def test_no_mutant_that_is_accepted_is_on_a_channel_of_other_events(message):
    if SHAPES.is_valid(message, "server"):
        assert message["channel"] == CHANNEL_OF[message["type"]]


def parsed_by_the_official_parser(document):
    script = ROOT / "tests" / "node" / "parse_asyncapi.mjs"
    return subprocess.run(["node", script, document], capture_output=True, text=True, timeout=60, cwd=ROOT)


@pytest.mark.node
def test_the_official_parser_accepts_the_document():
    run = parsed_by_the_official_parser(eventbus.PROTOCOL.folder / "asyncapi.yaml")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "21 messages, 4 operations" in run.stdout


@pytest.mark.node
def test_the_official_parser_refuses_a_document_with_a_misspelt_word(tmp_path):
    good = (eventbus.PROTOCOL.folder / "asyncapi.yaml").read_text()
    bad = tmp_path / "asyncapi.yaml"
    bad.write_text(good.replace("type: integer", "type: integr"))
    run = parsed_by_the_official_parser(bad)
    assert run.returncode == 1
    assert "components.schemas." in run.stdout
