from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.formats import FORMATS, checker


@pytest.mark.parametrize(
    ("name", "text", "accepted"),
    [
        ("date-time", "2024-01-15T10:30:00Z", True),
        ("date-time", "2024-01-15", False),
        ("uuid", "550e8400-e29b-11d4-a716-446655440000", True),
        ("uuid", "550E8400-E29B-11D4-A716-446655440000", True),
        ("uuid", "550e8400e29b11d4a716446655440000", False),
        ("uuid", "{550e8400-e29b-11d4-a716-446655440000}", False),
        ("uuid", "7f3b9c2d-4e5f-6g7h-8i9j-0k1l2m3n4o5p", False),
        ("uuid", "550e8400-e29b-11d4-a716-446655440000\n", False),
        ("email", "trader@example.com", True),
        ("email", "trader", False),
        ("email", "a@b@c", False),
        ("email", "a b@c", False),
    ],
)
def test_formats(name, text, accepted):
    assert FORMATS[name].accepts(text) is accepted


@given(st.sampled_from(sorted(FORMATS)), st.text() | st.integers() | st.none())
def test_both_validators_ask_these_functions(name, value):
    fast = jsonschema_rs.Draft202012Validator(
        {"format": name}, validate_formats=True, formats={n: f.accepts for n, f in FORMATS.items()}
    )
    assert checker().conforms(value, name) == fast.is_valid(value)
