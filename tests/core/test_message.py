from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.message import Problem, epoch_s, is_timestamp, leaves, merged, rfc3339, uuid4

DAYS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))


def test_a_problem_names_the_place_and_both_sides():
    assert str(Problem("shape", "data.token", "a string", "5")) == "data.token: expected a string, found 5"


def test_a_problem_of_the_whole_says_message():
    assert str(Problem("json", "", "a JSON object", "an array")) == "message: expected a JSON object, found an array"


def test_a_problem_may_hint_at_the_right_word():
    problem = Problem("shape", "type", "one of Auth, Chat", '"auth"', hint="Auth")
    assert str(problem) == 'type: expected one of Auth, Chat, found "auth"; did you mean Auth?'


@given(DAYS, st.sampled_from([3, 6]))
def test_timestamps_survive_the_round_trip(moment, places):
    cut = timedelta(microseconds=moment.microsecond % 10 ** (6 - places))
    exact = (moment - cut).replace(tzinfo=UTC).timestamp()
    assert epoch_s(rfc3339(exact, places)) == pytest.approx(exact, abs=1e-6)


@given(DAYS, st.integers(0, 6))
def test_what_we_write_is_a_timestamp_with_so_many_places(moment, places):
    text = rfc3339(moment.replace(tzinfo=UTC).timestamp(), places)
    assert is_timestamp(text)
    assert len(text) == len("2024-01-15T10:30:00Z") + (places + 1 if places else 0)


@given(DAYS, st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_offsets_from_utc_are_counted(moment, offset_min):
    sign, minutes = ("-" if offset_min < 0 else "+"), abs(offset_min)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    whole = moment.replace(microsecond=0, tzinfo=UTC).timestamp()
    assert epoch_s(text) == whole - offset_min * 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("1970-01-01T00:00:00.5Z", 0.5),
        ("1970-01-01t00:00:01z", 1.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1969-12-31T23:59:60Z", 0.0),
        ("1970-01-01T00:59:60+01:00", 0.0),
        ("1970-01-01T00:00:00.123456789Z", 0.123456789),
        ("0000-12-31T23:59:59Z", epoch_s("0001-01-01T00:00:00Z") - 1),
        ("0000-02-29T00:00:00Z", epoch_s("0000-03-01T00:00:00Z") - 86_400),
    ],
)
def test_rfc3339_is_read(text, expected):
    assert epoch_s(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01T00:00Z"),
        *("19700101T000000Z", "1970-W01-1T00:00:00Z", "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00,5Z"),
        *("1970-02-30T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:00:60Z", "1970-01-01T00:00:61Z"),
        *("1970-01-01T00:00:00.Z", "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00Z\n", "१९७०-01-01T00:00:00Z"),
        *("1970-01-01T00:00:00+00:60", "0000-02-30T00:00:00Z"),
    ],
)
def test_what_is_no_rfc3339_is_refused(text):
    assert not is_timestamp(text)
    with pytest.raises(ValueError, match=r".+"):
        epoch_s(text)


def test_ids_are_version_4_and_follow_from_the_seed():
    first, second = (uuid.UUID(uuid4(random.Random(7))) for _ in range(2))
    assert first == second
    assert (first.version, first.variant) == (4, uuid.RFC_4122)


def test_merging_leaves_the_base_as_it_was():
    base = {"data": {"fills": [{"price": 1}], "filled": 0}}
    changed = merged(base, {"data.filled": 1, "data.new.deep": True})
    changed["data"]["fills"][0]["price"] = 2
    assert changed == {"data": {"fills": [{"price": 2}], "filled": 1, "new": {"deep": True}}}
    assert base == {"data": {"fills": [{"price": 1}], "filled": 0}}


def test_merging_below_a_value_that_is_no_object_replaces_it():
    assert merged({"data": None}, {"data.code": "X"}) == {"data": {"code": "X"}}


def test_leaves_are_all_values_that_are_no_objects():
    message = {"type": "Status", "data": {"filled": 0, "fills": [1], "last": {"price": 2}}}
    assert dict(leaves(message)) == {"type": "Status", "data.filled": 0, "data.fills": [1], "data.last.price": 2}


WORDS = st.sampled_from(["a", "b", "ab"])
VALUES = st.recursive(st.integers(), lambda inner: st.dictionaries(WORDS, inner, min_size=1, max_size=3), max_leaves=8)


@given(st.dictionaries(WORDS, VALUES))
def test_a_message_is_made_of_its_leaves(message):
    assert merged({}, dict(leaves(message))) == message
