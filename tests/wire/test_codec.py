from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.message import Frame, Opcode, Problem
from harness.wire.codec import decode, encode

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=9,
)


def text(data):
    return Frame(Opcode.TEXT, data.encode())


@given(st.dictionaries(st.text(), VALUES))
def test_messages_survive_the_wire(message):
    assert decode(Frame(Opcode.TEXT, encode(message))) == message


def test_a_binary_frame_with_json_is_a_message():
    assert decode(Frame(Opcode.BINARY, b'{"type": "Auth"}')) == {"type": "Auth"}


@pytest.mark.parametrize(
    ("data", "kind"), [("[]", "array"), ("5", "number"), ('"x"', "string"), ("null", "null"), ("true", "boolean")]
)
def test_json_that_is_no_object_is_refused_by_its_type(data, kind):
    assert decode(text(data)) == Problem("json", "", "a JSON object", f"JSON of type {kind}")


@pytest.mark.parametrize("data", ["", "{", "{'a': 1}", '{"a": NaN}', '{"a": 1e999}', "{} {}", "[" * 100_000])
def test_text_that_is_no_json_is_refused(data):
    problem = decode(text(data))
    assert (problem.kind, problem.expected) == ("json", "a JSON object")
    assert problem.found.startswith("text that is no JSON (")


@given(st.binary())
def test_any_bytes_are_a_message_or_a_problem(data):
    assert isinstance(decode(Frame(Opcode.BINARY, data)), dict | Problem)
