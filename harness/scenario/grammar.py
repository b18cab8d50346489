"""The grammar of scenario files: rules that read a value, and know the JSON Schema that says the same.

One declaration serves both, so that what an editor completes and what the loader accepts cannot drift apart.
A rule that refuses a value notes why, and reading goes on, so that one run shows all mistakes of a file.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.scenario.values import DURATION, PERIOD, duration_s, key_of
from harness.wire.codec import kind_of
from harness.wire.yaml import Document, Place

Schema = dict[str, Any]


class Notes:
    """The mistakes found in one document, each in a line: `file:line: place: expected ..., found ...`."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.lines: list[tuple[int, str]] = []

    def say(self, place: Place, expected: str, found: str, hint: str = "") -> None:
        """Note that something else was expected at `place`."""
        where = ".".join(str(p) for p in place)
        line = self.document.line(place)
        text = f"{self.document.name}:{line}: {where + ': ' if where else ''}expected {expected}, found {found}."
        self.lines.append((line, f"{text} {hint}".rstrip()))

    def quote(self, place: Place, text: str) -> None:
        """Note what someone else found wrong at `place`, in their words: `expected ..., found ...`."""
        expected, _, found = text.removeprefix("expected ").partition(", found ")
        words = re.findall(r"[\w.]+", expected) if found.startswith("'") else []
        self.say(place, expected, found, did_you_mean(found.strip("'"), words))

    def unknown(self, place: Place, what: str, word: Any, words: Iterable[str]) -> None:
        """Note a word that is none of `words`, with the nearest right one."""
        known = list(words)
        self.say(place, f"{what}: {', '.join(known) or 'there is none'}", shown(word), did_you_mean(word, known))

    def in_order(self) -> list[str]:
        """All notes, from top to bottom of the file."""
        return [text for _, text in sorted(self.lines, key=lambda each: each[0])]


class Rule(Protocol):
    """Reads one kind of value."""

    schema: Schema

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """What the value means. When it is refused, a note is made, and what is given back is of no use."""


@dataclass
class Plain:
    """A value of a JSON type (string, boolean, integer, number), perhaps `above` a number."""

    type: str
    description: str = ""
    above: int | None = None

    def __post_init__(self) -> None:
        self.schema = _described({"type": self.type}, self.description)
        if self.above is not None:
            self.schema["exclusiveMinimum"] = self.above

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The value itself."""
        kind = "integer" if isinstance(value, int) and not isinstance(value, bool) else kind_of(value)
        if kind != self.type and (kind, self.type) != ("integer", "number"):
            notes.say(place, f"a value of type {self.type}", shown(value))
        elif isinstance(value, float) and not math.isfinite(value):
            notes.say(place, "a finite number", shown(value))
        elif self.above is not None and value <= self.above:
            notes.say(place, f"a number above {self.above}", shown(value))
        return value


@dataclass
class Text:
    """A string of a form: what `make` makes of it."""

    pattern: str
    expected: str
    make: Callable[[str], Any]

    def __post_init__(self) -> None:
        self.schema: Schema = {"type": "string", "pattern": f"^{self.pattern}$", "description": self.expected}

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """What the string stands for."""
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            return notes.say(place, self.expected, shown(value))
        return self.make(value)


@dataclass
class Word:
    """One of some words."""

    what: str
    words: Sequence[str]

    def __post_init__(self) -> None:
        self.schema: Schema = {"enum": list(self.words), "description": self.what}

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The word."""
        if value not in self.words:
            notes.unknown(place, self.what, value, self.words)
        return value


class Anything:
    """Any value."""

    schema: Schema = {}

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The value itself."""
        return value


@dataclass
class ListOf:
    """A list of values of one kind, as a tuple."""

    rule: Rule
    description: str = ""

    def __post_init__(self) -> None:
        self.schema = _described({"type": "array", "items": self.rule.schema}, self.description)

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The values."""
        if not isinstance(value, list):
            return notes.say(place, "a list", shown(value))
        return tuple(self.rule.read(each, (*place, index), notes) for index, each in enumerate(value))


@dataclass
class MapOf:
    """A mapping from any names to values of one kind."""

    rule: Rule
    description: str = ""

    def __post_init__(self) -> None:
        self.schema = _described({"type": "object", "additionalProperties": self.rule.schema}, self.description)

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The values by name."""
        if not isinstance(value, dict):
            return notes.say(place, "a mapping", shown(value))
        return {str(key): self.rule.read(each, (*place, str(key)), notes) for key, each in value.items()}


@dataclass
class Key:
    """A key of a record, and the rule for its value."""

    rule: Rule
    required: bool = False


@dataclass
class Record:
    """A mapping with known keys: what `make(values, place, notes)` makes of it, if each value is good."""

    what: str
    keys: Mapping[str, Key]
    make: Callable[[dict[str, Any], Place, Notes], Any] = lambda values, place, notes: values

    def __post_init__(self) -> None:
        self.schema: Schema = {
            "type": "object",
            "description": self.what,
            "properties": {name: key.rule.schema for name, key in self.keys.items()},
            "required": [name for name, key in self.keys.items() if key.required],
            "additionalProperties": False,
        }

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """What `make` makes of the mapping."""
        if not isinstance(value, dict):
            return notes.say(place, f"{self.what}, a mapping with the keys {', '.join(self.keys)}", shown(value))
        before = len(notes.lines)
        for name, key in self.keys.items():
            if key.required and name not in value:
                notes.say((*place, name), "a value", "nothing")
        values = {}
        for name, each in value.items():
            if name in self.keys:
                values[name] = self.keys[name].rule.read(each, (*place, name), notes)
            else:
                notes.unknown((*place, str(name)), f"a key of {self.what}", name, self.keys)
        return self.make(values, place, notes) if len(notes.lines) == before else None


@dataclass
class Case:
    """One of several records: the one whose telling key is there. `text`, if given, reads what is no mapping."""

    what: str
    records: Mapping[str, Record]
    text: Rule | None = None

    def __post_init__(self) -> None:
        schemas = [self.text.schema] if self.text else []
        self.schema: Schema = {
            "description": self.what,
            "anyOf": [*schemas, *(record.schema for record in self.records.values())],
        }

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """What the record makes of the mapping."""
        if self.text is not None and isinstance(value, str):
            return self.text.read(value, place, notes)
        if not isinstance(value, dict):
            return notes.say(place, f"{self.what}, with one of the keys {', '.join(self.records)}", shown(value))
        telling = [name for name in self.records if name in value]
        if len(telling) == 1:
            return self.records[telling[0]].read(value, place, notes)
        hint = next(filter(None, (did_you_mean(key, list(self.records)) for key in value)), "")
        found = " and ".join(telling) or ", ".join(map(str, value)) or "an empty mapping"
        return notes.say(place, f"{self.what}, with one of the keys {', '.join(self.records)}", found, hint)


@dataclass
class Types:
    """Makes rules out of the types of a dataclass's fields. `special` are types written in their own way."""

    special: Mapping[Any, Rule] = field(default_factory=dict)

    def keys(self, kind: type[Any]) -> dict[str, Key]:
        """A key for each field; one without a default is required."""
        hints = typing.get_type_hints(kind)
        return {
            key_of(each.name): Key(self.rule(hints[each.name], each.name), _is_required(each))
            for each in dataclasses.fields(kind)
        }

    def rule(self, type_: Any, name: str = "") -> Rule:
        """The rule for values of this type in a field of this name; names ending in `_s` hold durations."""
        origin, inner = typing.get_origin(type_), typing.get_args(type_)
        if type_ in self.special:
            return self.special[type_]
        if type_ is float and name.endswith("_s"):
            return EVERY if name.endswith("every_s") else SPAN
        if type_ in _PLAIN:
            return Plain(_PLAIN[type_])
        if origin is typing.Literal:
            return Word(f"one of the words for {key_of(name)}", inner)
        if origin in (types.UnionType, typing.Union):
            return self.rule(next(each for each in inner if each is not type(None)), name)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return MapOf(self.rule(inner[1]))
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return ListOf(self.rule(inner[0]))
        return Anything()


def fields_from(values: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """Values by key, as values by the names of the fields of a dataclass."""
    return {each.name: values[key_of(each.name)] for each in dataclasses.fields(kind) if key_of(each.name) in values}


def shown(value: Any) -> str:
    """A value as an error message shows it."""
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else repr(value[:57] + "...")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"the number {value}"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    return f"an {kind_of(value)}" if isinstance(value, list | dict) else repr(value)


def did_you_mean(word: Any, words: Sequence[str]) -> str:
    """A question that offers the nearest of `words`, or no words at all."""
    by_lower = {each.lower(): each for each in words}
    near = difflib.get_close_matches(word.lower(), by_lower, 1) if isinstance(word, str) else []
    return f"Did you mean {by_lower[near[0]]!r}?" if near else ""


_PLAIN: Mapping[Any, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
SPAN = Text(DURATION, "a duration such as 300ms, 1s, 4m, 2h or 1d", duration_s)
EVERY = Text(PERIOD, "a duration above 0 such as 300ms, 1s, 4m, 2h or 1d", duration_s)


def _is_required(field_: dataclasses.Field[Any]) -> bool:
    return field_.default is dataclasses.MISSING and field_.default_factory is dataclasses.MISSING


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema
