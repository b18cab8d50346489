"""What is particular to Skybit's document; what holds for all is in tests/protocols/test_shapes.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.protocols import skybit
from harness.wire.schemas import shapes

SHAPES = shapes(skybit.PROTOCOL.folder)
VALID = [
    json.loads(p.read_text()) for p in sorted((Path(__file__).parents[3] / "fixtures/skybit/valid").glob("*.json"))
]
SAMPLES = [fixture for fixture in VALID if "sample" in fixture]

TWELVE = {
    *("Auth", "Chat", "Plan", "Preview", "Approve", "Cancel", "Status", "Heartbeat", "Error"),
    *("Subscribe", "Unsubscribe", "MarketData"),
}


def test_all_sample_messages_of_the_spec_are_there():
    assert len(SAMPLES) == 20
    assert {each["message"]["type"] for each in SAMPLES} == TWELVE


def test_the_document_knows_the_twelve_types():
    assert set(SHAPES.names("client")) | set(SHAPES.names("server")) == TWELVE
    assert set(SHAPES.names("client")) & set(SHAPES.names("server")) == {"Auth", "Heartbeat"}


def test_there_is_an_example_of_each_error_code_named_by_it():
    codes = SHAPES.document["components"]["schemas"]["ErrorCode"]["enum"]
    examples = SHAPES.examples["Error"]
    assert len(codes) == 11
    assert set(examples) == set(codes)
    assert all(example["data"]["code"] == name for name, example in examples.items())


def test_the_samples_of_the_spec_are_examples_too():
    examples = [e for of in (SHAPES.examples, SHAPES.client_examples) for each in of.values() for e in each.values()]
    for fixture in SAMPLES:
        message = fixture["message"]
        assert any(e["type"] == message["type"] and e["data"] == message["data"] for e in examples), fixture["about"]


@pytest.mark.parametrize(
    ("wrong", "right"), [("heartbeat", "Heartbeat"), ("Aprove", "Approve"), ("UnSubscribe", "Unsubscribe")]
)
def test_a_misspelt_type_is_refused_with_the_right_word(wrong, right):
    problem = SHAPES.problem({"type": wrong}, "client")
    assert problem.hint == right
    assert str(problem).endswith(f"did you mean {right}?")
