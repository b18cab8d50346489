"""The formats of JSON Schema that documents may use. Both validators hold them by the same rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jsonschema

from harness.core.message import is_timestamp

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Format:
    """What a format is called in words, and whether a text has it."""

    words: str
    accepts: Callable[[str], bool]
    built_in: bool = False  # Whether jsonschema-rs accepts the same by itself, without a call of Python.


FORMATS: Mapping[str, Format] = {
    "date-time": Format("an RFC 3339 time such as 2024-01-15T10:30:00Z", is_timestamp, built_in=True),
    "uuid": Format("a UUID", lambda text: _UUID.fullmatch(text) is not None, built_in=True),
    "email": Format("an e-mail address", lambda text: _EMAIL.fullmatch(text) is not None),
}


def for_jsonschema_rs() -> dict[str, Callable[[str], bool]]:
    """The formats that jsonschema-rs must be told of."""
    return {name: form.accepts for name, form in FORMATS.items() if not form.built_in}


def for_jsonschema() -> jsonschema.FormatChecker:
    """All formats, as jsonschema wants them."""
    result = jsonschema.FormatChecker(formats=())
    for name, form in FORMATS.items():
        # Formats speak of texts only; what else must be a text is said by `type`.
        result.checks(name)(lambda value, form=form: not isinstance(value, str) or form.accepts(value))
    return result
