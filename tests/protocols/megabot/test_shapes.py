"""What is particular to MegaBot's document; what holds for all is in tests/protocols/test_shapes.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_all_sample_messages_of_the_spec_are_there():
    samples = [param.values[0] for param in VALID if "sample" in param.values[0]]
    assert len(samples) == len({each["sample"] for each in samples}) == SAMPLES_OF_THE_SPEC


def test_the_samples_of_the_spec_are_examples_too():
    examples = [e for of in (SHAPES.examples, SHAPES.client_examples) for each in of.values() for e in each.values()]
    for fixture in (param.values[0] for param in VALID if "sample" in param.values[0]):
        message = fixture["message"]
        same = [e for e in examples if (e["type"], e["payload"]) == (message["type"], message["payload"])]
        assert same, fixture["about"]


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
