"""What is particular to SIGMAX's document; what holds for all is in tests/protocols/test_shapes.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_all_sample_messages_of_the_spec_are_there():
    samples = [param.values[0] for param in VALID if "sample" in param.values[0]]
    assert len(samples) == 10


def test_the_document_knows_the_types_of_the_spec():
    assert set(SHAPES.names("client")) == SEVEN
    assert set(SHAPES.names("server")) == SIXTEEN


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
