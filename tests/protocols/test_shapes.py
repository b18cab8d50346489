"""Every protocol's document against its golden messages, and its two validators against each other."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import protocols
from harness.wire.schemas import shapes

ROOT = Path(__file__).parents[2]
NAMES = protocols.names()
SHAPES = {name: shapes(protocols.load(name).folder) for name in NAMES}


def golden(folder):
    """Each fixture in this folder, of every protocol."""
    for name in NAMES:
        for path in sorted((ROOT / "fixtures" / name / folder).glob("*.json")):
            yield pytest.param(name, json.loads(path.read_text()), id=f"{name}-{path.stem}")


VALID, INVALID = list(golden("valid")), list(golden("invalid"))


def of_known_type(name, message, sender):
    kind = message.get("type")
    return isinstance(kind, str) and kind in SHAPES[name].names(sender)


@pytest.mark.parametrize(("name", "fixture"), VALID)
def test_valid_messages_are_accepted_by_both_validators(name, fixture):
    assert SHAPES[name].problem(fixture["message"], fixture["from"]) is None
    assert SHAPES[name].explanation(fixture["message"], fixture["from"]) is None


@pytest.mark.parametrize(("name", "fixture"), INVALID)
def test_invalid_messages_are_refused_by_both_validators_at_their_fault(name, fixture):
    message, sender = fixture["message"], fixture["from"]
    problem = SHAPES[name].problem(message, sender)
    assert problem is not None
    assert problem.where == fixture["where"]
    if of_known_type(name, message, sender):
        assert SHAPES[name].explanation(message, sender) == problem


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_broken_messages_of_both_sides(name):
    senders = [fixture["from"] for of, fixture in (param.values for param in INVALID) if of == name]
    assert len(senders) >= 60
    assert senders.count("client") >= 10 or not SHAPES[name].names("client")


@pytest.mark.parametrize("sender", ["client", "server"])
@pytest.mark.parametrize("name", NAMES)
def test_every_type_is_there_valid_and_has_examples_that_are(name, sender):
    known = SHAPES[name]
    fixtures = [fixture for of, fixture in (param.values for param in VALID) if of == name]
    assert {f["message"]["type"] for f in fixtures if f["from"] == sender} == set(known.names(sender))
    examples = known.examples if sender == "server" else known.client_examples
    assert list(examples) == known.names(sender)
    for of_type in examples.values():
        assert of_type
        for example in of_type.values():
            assert known.explanation(example, sender) is None


# Broken by chance ---------------------------------------------------------------------------------


def places(value, path=()):
    """The path of every node of a message."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from places(child, (*path, key))


def words(part):
    """All values that a document names: constants, and those of enumerations."""
    if isinstance(part, list):
        return [word for each in part for word in words(each)]
    if not isinstance(part, dict):
        return []
    own = [*part.get("enum", ()), *([part["const"]] if "const" in part else ())]
    return [*own, *(word for each in part.values() for word in words(each))]


def anything(name):
    return st.one_of(
        *(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False)),
        *(st.text(max_size=8), st.just([]), st.just({}), st.lists(st.integers(0, 3), max_size=3)),
        st.sampled_from([*words(SHAPES[name].document["components"]), "2025-12-21T12:00:00Z", 1.0, 0, -0.0, "\n"]),
    )


@st.composite
def mutants(draw, name):
    """A valid message with one to three of its nodes deleted, replaced or added to."""
    fixture = draw(st.sampled_from([f for of, f in (param.values for param in VALID) if of == name]))
    message = copy.deepcopy(fixture["message"])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([p for p in places(message) if p] or [("type",)]))
        parent = message
        for key in path[:-1]:
            parent = parent[key]
        match draw(st.sampled_from(["delete", "replace", "add", "end a line"])):
            case "delete" if len(message) > 1:
                del parent[path[-1]]
            case "add" if isinstance(parent, dict):
                parent[draw(st.text(max_size=3))] = draw(anything(name))
            case "end a line" if isinstance(value_at(parent, path[-1]), str):
                parent[path[-1]] += "\n"
            case _:
                parent[path[-1]] = draw(anything(name))
    return message, fixture["from"]


def value_at(parent, key):
    try:
        return parent[key]
    except (LookupError, TypeError):
        return None


@pytest.mark.parametrize("name", NAMES)
def test_the_two_validators_agree_on_broken_messages(name):
    @given(mutants(name))
    def agree(case):
        message, sender = case
        problem = SHAPES[name].problem(message, sender)
        if of_known_type(name, message, sender):
            assert SHAPES[name].explanation(message, sender) == problem
        else:
            assert problem is not None
            assert problem.where == "type"

    agree()


# The official parser ------------------------------------------------------------------------------


def parsed(document):
    script = ROOT / "tests" / "node" / "parse_asyncapi.mjs"
    return subprocess.run(["node", script, document], capture_output=True, text=True, timeout=60, cwd=ROOT)


@pytest.mark.node
@pytest.mark.parametrize("name", NAMES)
def test_the_official_parser_accepts_the_document(name):
    run = parsed(protocols.load(name).folder / "asyncapi.yaml")
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(SHAPES[name].document['components']['messages'])} messages" in run.stdout


@pytest.mark.node
@pytest.mark.parametrize("name", NAMES)
def test_the_official_parser_refuses_a_document_with_a_misspelt_type(name, tmp_path):
    good = (protocols.load(name).folder / "asyncapi.yaml").read_text(encoding="utf-8")
    bad = tmp_path / "asyncapi.yaml"
    bad.write_text(good.replace("type: string", "type: strin", 1), encoding="utf-8")
    run = parsed(bad)
    assert run.returncode == 1
    assert 'Did you mean "string"?' in run.stdout
