"""SIGMAX's document against its golden messages, and its two validators against each other."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocols import sigmax
from harness.wire.schemas import shapes

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures" / "sigmax"
SHAPES = shapes(sigmax.PROTOCOL.folder)

SEVEN = {"subscribe", "unsubscribe", "ping", "pong", "command", "get_status", "get_subscriptions"}
SIXTEEN = {
    *("connected", "subscribed", "unsubscribed", "ping", "pong", "error"),
    *("analysis_update", "proposal_created", "proposal_approved", "trade_executed", "status_change"),
    *("market_update", "portfolio_update", "health_update", "system_status", "alert"),
}
CODES = {
    *("INVALID_TOPIC", "INVALID_SYMBOL", "MESSAGE_PROCESSING_ERROR"),
    *("MAX_CONNECTIONS_EXCEEDED", "AUTHENTICATION_FAILED"),
}


def fixtures(folder):
    return [pytest.param(json.loads(p.read_text()), id=p.stem) for p in sorted((FIXTURES / folder).glob("*.json"))]


VALID = fixtures("valid")
INVALID = fixtures("invalid")


def of_known_type(message, sender):
    return message.get("type") in SHAPES.names(sender)


@pytest.mark.parametrize("fixture", VALID)
def test_valid_messages_are_accepted_by_both_validators(fixture):
    assert SHAPES.problem(fixture["message"], fixture["from"]) is None
    assert SHAPES.explanation(fixture["message"], fixture["from"]) is None


@pytest.mark.parametrize("fixture", INVALID)
def test_invalid_messages_are_refused_by_both_validators_at_their_fault(fixture):
    message, sender = fixture["message"], fixture["from"]
    problem = SHAPES.problem(message, sender)
    assert problem is not None
    assert problem.where == fixture["where"]
    if of_known_type(message, sender):
        assert SHAPES.explanation(message, sender) == problem


def test_there_are_enough_broken_messages_of_both_sides():
    senders = [param.values[0]["from"] for param in INVALID]
    assert len(senders) >= 40
    assert min(senders.count("client"), senders.count("server")) >= 15


def test_every_type_of_both_sides_is_among_the_golden_messages():
    for sender, types in (("client", SEVEN), ("server", SIXTEEN)):
        assert {f["message"]["type"] for f in (p.values[0] for p in VALID) if f["from"] == sender} == types


def test_all_sample_messages_of_the_spec_are_there():
    samples = [param.values[0] for param in VALID if "sample" in param.values[0]]
    assert len(samples) == 10


def test_the_document_knows_the_types_of_the_spec():
    assert set(SHAPES.names("client")) == SEVEN
    assert set(SHAPES.names("server")) == SIXTEEN


@pytest.mark.parametrize("sender", ["client", "server"])
def test_every_type_has_examples_and_all_are_valid(sender):
    examples = SHAPES.examples if sender == "server" else SHAPES.client_examples
    assert list(examples) == SHAPES.names(sender)
    for of_type in examples.values():
        assert of_type
        for example in of_type.values():
            assert SHAPES.explanation(example, sender) is None


def test_there_is_an_example_of_each_error_code_named_by_it():
    examples = SHAPES.examples["error"]
    assert set(examples) == CODES
    assert all(example["data"]["code"] == name for name, example in examples.items())


def test_the_samples_of_the_spec_are_examples_too():
    examples = [e for of in (SHAPES.examples, SHAPES.client_examples) for each in of.values() for e in each.values()]
    for fixture in (param.values[0] for param in VALID if "sample" in param.values[0]):
        message = fixture["message"]
        assert any(e["type"] == message["type"] and e["data"] == message["data"] for e in examples), fixture["about"]


def test_the_page_tells_of_every_type_and_code():
    page = (ROOT / "docs" / "sigmax.md").read_text(encoding="utf-8")
    assert {word for word in SEVEN | SIXTEEN | CODES if f"`{word}`" not in page} == set()


@pytest.mark.parametrize(
    ("wrong", "right"), [("Subscribe", "subscribe"), ("unsubscibe", "unsubscribe"), ("getStatus", "get_status")]
)
def test_a_misspelt_type_is_refused_with_the_right_word(wrong, right):
    problem = SHAPES.problem({"type": wrong}, "client")
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
    st.sampled_from(
        ["2025-12-21T10:30:00.000Z", "market", "symbol:BTC/USDT", "BTC/USDT", "buy", "filled", 1.0, 0, "\n"]
    ),
)


@st.composite
def mutants(draw):
    """A valid message with one to three of its nodes deleted, replaced or added to."""
    fixture = draw(st.sampled_from([param.values[0] for param in VALID]))
    message = copy.deepcopy(fixture["message"])
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
    return message, fixture["from"]


@given(mutants())
def test_the_two_validators_agree_on_broken_messages(case):
    message, sender = case
    problem = SHAPES.problem(message, sender)
    if of_known_type(message, sender):
        assert SHAPES.explanation(message, sender) == problem
    else:
        assert problem is not None
        assert problem.where == "type"


def parsed_by_the_official_parser(document):
    script = ROOT / "tests" / "node" / "parse_asyncapi.mjs"
    return subprocess.run(["node", script, document], capture_output=True, text=True, timeout=60, cwd=ROOT)


@pytest.mark.node
def test_the_official_parser_accepts_the_document():
    run = parsed_by_the_official_parser(sigmax.PROTOCOL.folder / "asyncapi.yaml")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "23 messages" in run.stdout
