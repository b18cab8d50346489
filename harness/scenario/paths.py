"""Dotted paths in messages, looked up in their schemas before any message exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """Where a path leaves its schema: the part that is known, the name that is not, the names that are."""

    parent: str
    name: str
    known: tuple[str, ...]


def lost(path: str, schemas: Iterable[Schema], document: Schema) -> Lost | None:
    """Where `path` leads to no field of a message with one of `schemas` (in `document`); None when it leads to one.

    An object whose fields its schema does not name may have any.
    """
    level = list(schemas)
    names = path.split(".")
    for index, name in enumerate(names):
        expanded = list(_expanded(level, document))
        known = _properties(expanded)
        if not known and all(_may_be_object(schema) for schema in expanded):
            return None
        if name not in known:
            return Lost(".".join(names[:index]), name, tuple(known))
        level = known[name]
    return None


def paths(schemas: Iterable[Schema], document: Schema, prefix: str = "") -> Iterator[str]:
    """All dotted paths of a message with one of `schemas`."""
    for name, level in _properties(_expanded(schemas, document)).items():
        yield prefix + name
        yield from paths(level, document, f"{prefix}{name}.")


def _expanded(schemas: Iterable[Schema], document: Schema) -> Iterator[Schema]:
    for schema in schemas:
        yield schema
        if "$ref" in schema:
            yield from _expanded([_resolved(schema["$ref"], document)], document)
        for word in ("allOf", "anyOf", "oneOf"):
            yield from _expanded(schema.get(word, ()), document)
        for word in ("then", "else"):
            if word in schema:
                yield from _expanded([schema[word]], document)


def _resolved(reference: str, document: Schema) -> Schema:
    place: Any = document
    for name in reference.removeprefix("#/").split("/"):
        place = place[name]
    return dict(place)


def _properties(schemas: Iterable[Schema]) -> dict[str, list[Schema]]:
    known: dict[str, list[Schema]] = {}
    for schema in schemas:
        for name, child in schema.get("properties", {}).items():
            known.setdefault(name, []).append(child)
    return known


def _may_be_object(schema: Schema) -> bool:
    types = schema.get("type", "object")
    return types == "object" or "object" in types
