"""BrainStream's document against its golden messages, and its two validators against each other."""

from __future__ import annotations

import copy
import json
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert senders.count("server") >= 100
    assert senders.count("client") >= 10


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


@pytest.mark.parametrize("sender", ["client", "server"])
def test_every_type_has_examples_and_all_are_valid(sender):
    examples = SHAPES.examples if sender == "server" else SHAPES.client_examples
    assert list(examples) == SHAPES.names(sender)
    for of_type in examples.values():
        assert of_type
        for example in of_type.values():
            assert SHAPES.explanation(example, sender) is None


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


ANYTHING = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False)),
    *(st.text(max_size=8), st.just([]), st.just({}), st.lists(st.integers(0, 3), max_size=3)),
    st.sampled_from(["2025-12-21T12:00:00Z", "ACTIVE", "Lévy Stable", "BUY", "WARNING", "PING", 1.0, 0, -0.0, "\n"]),
)


@st.composite
def mutants(draw):
    """A valid message with one to three of its nodes deleted, replaced or added to."""
    fixture = draw(st.sampled_from([param.values[0] for param in VALID]))
    message = copy.deepcopy(fixture["message"])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([p for p in places(message) if p] or [("type",)]))
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
    run = parsed_by_the_official_parser(FOLDER / "asyncapi.yaml")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "5 messages" in run.stdout


@pytest.mark.node
def test_the_official_parser_refuses_a_document_with_a_misspelt_type(tmp_path):
    bad = tmp_path / "asyncapi.yaml"
    bad.write_text((FOLDER / "asyncapi.yaml").read_text().replace("Status: {type: string", "Status: {type: strin"))
    run = parsed_by_the_official_parser(bad)
    assert run.returncode == 1
    assert "components.schemas.Status.type" in run.stdout
