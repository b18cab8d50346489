"""Why a message is refused, in words: the deepest useful place, what was expected, what was found."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from jsonschema import ValidationError

from harness.core.message import Message, Problem
from harness.wire.codec import kind_of
from harness.wire.formats import FORMATS


def problem_of(errors: Iterable[ValidationError], message: Message) -> Problem | None:
    """The most telling of jsonschema's errors as a Problem; None when there are no errors."""
    error = min(errors, key=_depth, default=None)
    while error is not None and error.context:
        error = min(_likeliest_branch(error), key=_depth)
    return None if error is None else _told(error, message)


def unknown_word(where: str, found: Any, words: Sequence[str], message: Message) -> Problem:
    """The Problem of a value that is none of `words`."""
    return Problem("shape", where, one_of(words), shown(found), message, nearest(found, words))


def nearest(found: Any, words: Sequence[Any]) -> str | None:
    """The word that `found` was probably meant to be.

    >>> nearest("heartbeat", ["Auth", "Heartbeat"]), nearest("canceled", ["cancelled"]), nearest(5, ["Auth"])
    ('Heartbeat', 'cancelled', None)
    """
    if not isinstance(found, str):
        return None
    by_letters = {w.lower(): w for w in words if isinstance(w, str)}
    close = difflib.get_close_matches(found.lower(), by_letters, 1)
    return by_letters[close[0]] if close else None


def one_of(words: Sequence[Any]) -> str:
    """A choice in words; a single choice is named alone."""
    return ("one of " if len(words) > 1 else "") + ", ".join(shown(w) if not isinstance(w, str) else w for w in words)


def shown(value: Any) -> str:
    """A found value, short enough for a sentence.

    >>> shown("prevew"), shown(True), shown([1]), shown({}), shown("x" * 99)[-4:]
    ('"prevew"', 'true', 'an array', 'an empty object', '..."')
    """
    if isinstance(value, dict | list):
        return f"an {kind_of(value)}" if value else f"an empty {kind_of(value)}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:56] + '..."'


def _depth(error: ValidationError) -> int:
    return len(error.absolute_path)


def _likeliest_branch(error: ValidationError) -> list[ValidationError]:
    """The errors of that alternative (of anyOf, oneOf) which the value was probably meant to be."""
    branches = [list(errors) for _, errors in groupby(error.context or (), key=lambda e: e.relative_schema_path[0])]
    return min(branches, key=_misfit)


def _misfit(errors: list[ValidationError]) -> tuple[bool, bool, int]:
    # A wrong kind of value says most against an alternative, then a wrong constant (`type`, `target`).
    wrong_kind = any(e.validator == "type" and not e.relative_path for e in errors)
    wrong_word = any(e.validator in ("const", "enum") for e in errors)
    return wrong_kind, wrong_word, len(errors)


def _told(error: ValidationError, message: Message) -> Problem:
    where = ".".join(map(str, error.absolute_path))
    schema: Any = error.schema
    found: Any = error.instance
    words: Any = error.validator_value
    if error.validator == "required":
        missing = next(name for name in words if name not in found)
        return Problem("shape", _below(where, missing), "a value", "nothing", message)
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        extra = next(name for name in found if name not in known)
        expected = f"no member but {', '.join(known)}"
        return Problem("shape", _below(where, extra), expected, shown(extra), message, nearest(extra, known))
    if error.validator in ("enum", "const"):
        return unknown_word(where, found, words if error.validator == "enum" else [words], message)
    return Problem("shape", where, _expected(error.validator, words, schema) or error.message, shown(found), message)


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _expected(keyword: Any, value: Any, schema: Mapping[str, Any]) -> str | None:
    """What a schema's `keyword: value` demands, in words; None when there are none for it."""
    match keyword:
        case "type":
            return " or ".join(_ARTICLES[kind] for kind in ([value] if isinstance(value, str) else value))
        case "format":
            return FORMATS[value].words
    if keyword in _BOUNDS:
        return f"{_BOUNDS[keyword]} {value}"
    if keyword in _SIZES:
        limit, unit = _SIZES[keyword]
        return f"{limit} {value} {unit}{'' if value == 1 else 's'}"
    description = schema.get("description")
    return description[0].lower() + description[1:].rstrip(".") if description else None


_ARTICLES = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_BOUNDS = {
    "minimum": "a number of at least",
    "exclusiveMinimum": "a number above",
    "maximum": "a number of at most",
    "exclusiveMaximum": "a number below",
}
_SIZES = {
    "minLength": ("at least", "character"),
    "maxLength": ("at most", "character"),
    "minItems": ("at least", "item"),
    "maxItems": ("at most", "item"),
    "minProperties": ("at least", "member"),
    "maxProperties": ("at most", "member"),
}
