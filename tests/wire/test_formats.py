from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.wire.formats import FORMATS, for_jsonschema, for_jsonschema_rs


@pytest.mark.parametrize(
    ("name", "text", "accepted"),
    [
        ("date-time", "2024-01-15T10:30:00Z", True),
        ("date-time", "2024-01-15", False),
        ("date-time", "2024-01-15T10:30:00+05:60", False),
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
    assert FORMATS[name].accepts(text) is conforms(text, name) is accepted


def conforms(value, name):
    """Whether a value has a format: what both validators say."""
    fast = jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True, formats=for_jsonschema_rs())
    slow = for_jsonschema().conforms(value, name)
    assert fast.is_valid(value) == slow, (value, name)
    return slow


@given(st.sampled_from(sorted(FORMATS)), st.text() | st.integers() | st.none())
def test_both_validators_agree_on_whatever_comes(name, value):
    conforms(value, name)


# What is nearly good is where they could part: one or two characters of a good text are replaced, put in or taken out.
GOOD = {
    "date-time": st.builds(
        "{}{}{:%H:%M}:{}{}{}".format,
        st.dates(),
        st.sampled_from("Tt"),
        st.times(),
        st.sampled_from(["00", "59", "60"]),
        st.sampled_from(["", ".5", ".123456789"]),
        st.sampled_from(["Z", "z", "+00:00", "-00:00", "+05:30", "-23:59", "+23:59"]),
    )
    | st.sampled_from(["2016-12-31T23:59:60Z", "1970-01-01T00:59:60+01:00", "0000-02-29T00:00:00Z"]),
    "uuid": st.uuids().map(str),
    "email": st.emails(),
}
EDITS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 1), st.sampled_from([*"0123456789afTtZz:-+.,W@{ \n", "", "\u0967"])),
    max_size=2,
)


@given(st.sampled_from(sorted(GOOD)).flatmap(lambda name: st.tuples(st.just(name), GOOD[name])), EDITS)
@example(("date-time", "2016-12-31T23:59:60Z"), [])
@example(("date-time", "0000-02-29T00:00:00Z"), [])
@example(("date-time", "2024-01-15T10:30:00+05:60"), [])
def test_both_validators_agree_on_what_is_nearly_good(good, edits):
    name, text = good
    for place, taken, put in edits:
        text = text[:place] + put + text[place + taken :]
    conforms(text, name)
