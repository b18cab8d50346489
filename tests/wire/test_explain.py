from __future__ import annotations

import jsonschema
import pytest

from harness.wire.explain import nearest, one_of, problem_of, shown
from harness.wire.formats import for_jsonschema


def complaint(schema, value):
    validator = jsonschema.Draft202012Validator(schema, format_checker=for_jsonschema())
    return str(problem_of(validator.iter_errors(value), value))


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "integer"}, 1.5, "a whole number, found 1.5"),
        ({"type": ["string", "null"]}, True, "a string or null, found true"),
        ({"type": "array"}, {}, "an array, found an empty object"),
        ({"enum": [1, "two", None]}, 3, "one of 1, two, null, found 3"),
        ({"const": "buy"}, "by", 'buy, found "by"; did you mean buy?'),
        ({"const": 0}, 5, "0, found 5"),
        ({"format": "uuid"}, "x", 'a UUID, found "x"'),
        ({"minimum": 1}, 0, "a number of at least 1, found 0"),
        ({"exclusiveMinimum": 0}, 0, "a number above 0, found 0"),
        ({"maximum": 9}, 10, "a number of at most 9, found 10"),
        ({"exclusiveMaximum": 9}, 9, "a number below 9, found 9"),
        ({"minLength": 1}, "", 'at least 1 character, found ""'),
        ({"maxLength": 2}, "abc", 'at most 2 characters, found "abc"'),
        ({"minItems": 1}, [], "at least 1 item, found an empty array"),
        ({"maxItems": 2}, [1, 2, 3], "at most 2 items, found an array"),
        ({"minProperties": 2}, {"a": 1}, "at least 2 members, found an object"),
        ({"maxProperties": 0}, {"a": 1}, "at most 0 members, found an object"),
        (
            {"pattern": "^[A-Z]+$", "description": "A ticker in upper case."},
            "aapl",
            'a ticker in upper case, found "aapl"',
        ),
        ({"pattern": "^[A-Z]+$"}, "aapl", "'aapl' does not match '^[A-Z]+$', found \"aapl\""),
        ({"not": {}}, 5, "5 should not be valid under {}, found 5"),
    ],
)
def test_what_was_expected_is_said_in_words(schema, value, expected):
    assert complaint(schema, value) == f"message: expected {expected}"


def test_a_missing_member_is_named_with_its_place():
    schema = {"properties": {"data": {"required": ["token"]}}, "required": ["id"]}
    assert complaint(schema, {"id": 1, "data": {}}) == "data.token: expected a value, found nothing"
    assert complaint(schema, {}) == "id: expected a value, found nothing"


def test_a_member_too_many_is_named_with_the_right_word():
    schema = {"properties": {"quantity": {}, "limit_price": {}}, "additionalProperties": False}
    assert complaint(schema, {"quantity": 1, "limitprice": 2}) == (
        'limitprice: expected no member but quantity, limit_price, found "limitprice"; did you mean limit_price?'
    )


def test_of_several_faults_the_outermost_is_told():
    schema = {"properties": {"a": {"properties": {"b": {"type": "string"}}}, "c": {"type": "string"}}}
    assert complaint(schema, {"a": {"b": 1}, "c": 2}).startswith("c: ")


BY_TARGET = {
    "oneOf": [
        {"properties": {"target": {"const": "order"}}, "required": ["target", "order_id"]},
        {"properties": {"target": {"const": "all"}}, "required": ["target"]},
        {"type": "string"},
    ]
}


def test_the_alternative_with_the_right_constant_is_explained():
    assert complaint(BY_TARGET, {"target": "order"}) == "order_id: expected a value, found nothing"


def test_the_alternative_with_the_right_kind_of_value_is_explained():
    schema = {"anyOf": [{"enum": ["quotes", "orders"], "type": "string"}, {"type": "object", "required": ["type"]}]}
    assert complaint(schema, "quote") == 'message: expected one of quotes, orders, found "quote"; did you mean quotes?'
    assert complaint(schema, {}) == "type: expected a value, found nothing"


def test_a_value_that_fits_two_of_one_is_refused_in_the_validators_words():
    assert "is valid under each of" in complaint({"oneOf": [{}, {"type": "integer"}]}, 5)


def test_no_errors_are_no_problem():
    assert problem_of([], {}) is None


@pytest.mark.parametrize(
    ("found", "words", "right"),
    [
        ("prevew", ["preview", "order"], "preview"),
        ("ORDER", ["preview", "order"], "order"),
        ("zzz", ["preview"], None),
        (5, ["5"], None),
        ("one", [1, None], None),
    ],
)
def test_the_nearest_word(found, words, right):
    assert nearest(found, words) == right


def test_a_choice_of_one_is_named_alone():
    assert (one_of(["Auth"]), one_of(["Auth", "Chat"])) == ("Auth", "one of Auth, Chat")


def test_long_values_are_cut():
    assert len(shown("x" * 1000)) == 60
