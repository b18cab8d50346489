"""What is particular to BrainStream's document; what holds for all is in tests/protocols/test_shapes.py."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

import harness
from harness.wire.schemas import shapes

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures" / "brainstream"
FOLDER = Path(harness.__file__).parent / "protocols" / "brainstream"
SHAPES = shapes(FOLDER)

OF_SERVER = {"WELCOME", "TELEMETRY"}
OF_CLIENT = {"PING", "SUBSCRIBE", "HALT"}


def fixtures(folder):
    return [pytest.param(json.loads(p.read_text()), id=p.stem) for p in sorted((FIXTURES / folder).glob("*.json"))]


VALID = fixtures("valid")
INVALID = fixtures("invalid")


def of_known_type(message, sender):
    return isinstance(message.get("type"), str) and message["type"] in SHAPES.names(sender)


def places(value, path=()):
    """The path of every node of a message."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from places(child, (*path, key))


def test_each_member_of_the_sample_packet_is_broken_in_some_message():
    # Whatever the spec's packet says, some golden message lacks it or says it wrong.
    [sample] = [p.values[0]["message"] for p in VALID if p.id == "server-telemetry"]
    broken = {param.values[0]["where"] for param in INVALID if param.values[0]["from"] == "server"}
    assert {".".join(map(str, path)) for path in places(sample) if path} - broken == set()


def test_all_sample_messages_of_the_spec_are_there_and_are_examples_too():
    samples = [param.values[0] for param in VALID if "sample" in param.values[0]]
    assert {each["message"]["type"] for each in samples} == OF_CLIENT | {"TELEMETRY"}
    examples = [e for of in (SHAPES.examples, SHAPES.client_examples) for each in of.values() for e in each.values()]
    for each in samples:
        assert each["message"] in examples, each["about"]


def test_the_document_knows_five_types():
    assert set(SHAPES.names("server")) == OF_SERVER
    assert set(SHAPES.names("client")) == OF_CLIENT


def test_the_two_packets_have_one_shape():
    # The spec's Python sample reads the price of whatever comes, so the first packet is like all others.
    packets = [p.values[0]["message"] for p in [*VALID, *INVALID] if of_known_type(p.values[0]["message"], "server")]
    for packet in packets:
        one, other = (SHAPES.problem({**packet, "type": kind}, "server") for kind in sorted(OF_SERVER))
        assert str(one) == str(other)


def test_every_state_has_an_example_by_which_scenarios_can_call_it():
    packets = [example["data"] for example in SHAPES.examples["TELEMETRY"].values()]
    schemas = SHAPES.document["components"]["schemas"]
    assert {each["status"] for each in packets} == set(schemas["Status"]["enum"])
    regimes = {unicodedata.normalize("NFC", each) for each in schemas["Regime"]["enum"]}
    assert {each["market"]["regime"] for each in packets} == regimes
    assert {each["signal"]["side"] for each in packets} == set(schemas["Side"]["enum"])


def test_the_regime_has_its_accent_as_one_letter_or_as_a_sign_of_its_own():
    one_letter, two = SHAPES.document["components"]["schemas"]["Regime"]["enum"][1::2]
    assert [ord(c) for c in one_letter[:3]] == [0x4C, 0xE9, 0x76]
    assert [ord(c) for c in two[:4]] == [0x4C, 0x65, 0x301, 0x76]


def test_a_time_is_refused_in_words():
    [wrong] = [p.values[0] for p in INVALID if p.id == "server-telemetry-timestamp-minute-61"]
    problem = SHAPES.problem(wrong["message"], "server")
    assert problem.expected == "an ISO 8601 time such as 2025-12-21T12:00:00Z"


@pytest.mark.parametrize(
    ("wrong", "right", "sender"),
    [("ping", "PING", "client"), ("SUBSCRIPE", "SUBSCRIBE", "client"), ("telemetry", "TELEMETRY", "server")],
)
def test_a_misspelt_type_is_refused_with_the_right_word(wrong, right, sender):
    problem = SHAPES.problem({"type": wrong}, sender)
    assert problem.hint == right
    assert str(problem).endswith(f"did you mean {right}?")
