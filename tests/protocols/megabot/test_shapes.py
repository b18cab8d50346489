"""MegaBot's document against its golden messages, and its two validators against each other."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocols import megabot
from harness.protocols.megabot.errors import CODES
from harness.wire.schemas import shapes

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures" / "megabot"
SHAPES = shapes(megabot.PROTOCOL.folder)

OF_CLIENTS = {"chat_send", "tool_call", "session_join", "collaborative_action", "batch"}
OF_SERVERS = {
    *("connection_established", "connection_error", "chat_receive", "chat_stream"),
    *("status_update", "notification", "tool_result", "collaborative_action"),
}
SAMPLES_OF_THE_SPEC = 9


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


@pytest.mark.parametrize("sender", ["client", "server"])
def test_there_are_enough_broken_messages_of_both_sides(sender):
    assert [param.values[0]["from"] for param in INVALID].count(sender) >= 40


@pytest.mark.parametrize(("sender", "names"), [("client", OF_CLIENTS), ("server", OF_SERVERS)])
def test_each_type_is_there_valid_and_broken(sender, names):
    assert set(SHAPES.names(sender)) == names
    for golden in (VALID, INVALID):
        of_sender = [param.values[0]["message"] for param in golden if param.values[0]["from"] == sender]
        assert {message.get("type") for message in of_sender if of_known_type(message, sender)} == names


def test_all_sample_messages_of_the_spec_are_there():
    samples = [param.values[0] for param in VALID if "sample" in param.values[0]]
    assert len(samples) == len({each["sample"] for each in samples}) == SAMPLES_OF_THE_SPEC


def test_the_samples_of_the_spec_are_examples_too():
    examples = [e for of in (SHAPES.examples, SHAPES.client_examples) for each in of.values() for e in each.values()]
    for fixture in (param.values[0] for param in VALID if "sample" in param.values[0]):
        message = fixture["message"]
        same = [e for e in examples if (e["type"], e["payload"]) == (message["type"], message["payload"])]
        assert same, fixture["about"]


@pytest.mark.parametrize("sender", ["client", "server"])
def test_every_type_has_examples_and_all_are_valid(sender):
    examples = SHAPES.examples if sender == "server" else SHAPES.client_examples
    assert list(examples) == SHAPES.names(sender)
    for of_type in examples.values():
        assert of_type
        for example in of_type.values():
            assert SHAPES.explanation(example, sender) is None


def test_there_is_an_example_of_each_error_named_by_it():
    examples = SHAPES.examples["connection_error"]
    assert {name: example["payload"]["code"] for name, example in examples.items()} == CODES
    assert all(example["payload"]["error"] == name for name, example in examples.items())


def test_the_document_and_the_mock_know_the_same_errors():
    assert set(SHAPES.document["components"]["schemas"]["ErrorSlug"]["enum"]) == set(CODES)


@pytest.mark.parametrize(
    ("wrong", "right"), [("chatsend", "chat_send"), ("tool-call", "tool_call"), ("joinSession", "session_join")]
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
        ["chat_send", "batch", "completed", "failed", "invalid_message", "megabot", "/", 400, 1640995200, 1.0, 0, "\n"]
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
    run = parsed_by_the_official_parser(megabot.PROTOCOL.folder / "asyncapi.yaml")
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(OF_CLIENTS) + len(OF_SERVERS)} messages" in run.stdout


@pytest.mark.node
def test_the_official_parser_refuses_a_document_with_a_misspelt_type(tmp_path):
    good = (megabot.PROTOCOL.folder / "asyncapi.yaml").read_text()
    bad = tmp_path / "asyncapi.yaml"
    bad.write_text(good.replace("Text: {type: string", "Text: {type: strin"))
    run = parsed_by_the_official_parser(bad)
    assert run.returncode == 1
    assert "components.schemas.Text.type" in run.stdout
