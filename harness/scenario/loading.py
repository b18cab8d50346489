"""Scenario files, read and checked: all mistakes of a file are told at once, each with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from harness import protocols
from harness.core.protocol import Protocol
from harness.scenario.grammar import Notes, Schema, shown
from harness.scenario.language import Language
from harness.scenario.scenario import Scenario
from harness.wire import yaml


class ScenarioError(ValueError):
    """A scenario file cannot be played. `errors` are all its mistakes: `file:line: place: expected ..., found ...`."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


def load(path: Path, known: Mapping[str, Protocol] | None = None) -> Scenario:
    """The scenario in a file, for one of the `known` protocols (None: all there are). ScenarioError when it is bad."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError([f"{path}: expected a YAML file in UTF-8, found none: {error}"]) from error
    return parse(text, path, known)


def parse(text: str, path: Path, known: Mapping[str, Protocol] | None = None) -> Scenario:
    """The scenario in the text of the file `path`."""
    try:
        document = yaml.parse(text, str(path))
    except yaml.YamlError as error:
        raise ScenarioError([str(error)]) from error
    notes = Notes(document)
    scenario = _scenario(document.value, path, _all_protocols() if known is None else known, notes)
    if notes.lines:
        raise ScenarioError(notes.in_order())
    assert scenario is not None
    return scenario


def schema() -> Schema:
    """The JSON Schema of scenario files, completed for every protocol. `schema.json` holds it."""
    languages = [Language(protocol) for protocol in _all_protocols().values()]
    definitions: Schema = {}
    for each in languages:
        definitions |= each.definitions
        definitions[each.protocol.name] = each.root.schema
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A scenario of ws-harness",
        "type": "object",
        "required": ["scenario", "protocol"],
        "properties": {"protocol": {"enum": [each.protocol.name for each in languages]}},
        "allOf": [
            {
                "if": {"properties": {"protocol": {"const": each.protocol.name}}, "required": ["protocol"]},
                "then": {"$ref": f"#/definitions/{each.protocol.name}"},
            }
            for each in languages
        ],
        "definitions": definitions,
    }


def _scenario(value: Any, path: Path, known: Mapping[str, Protocol], notes: Notes) -> Scenario | None:
    if not isinstance(value, dict):
        notes.say((), "a scenario, a mapping with the keys scenario and protocol", shown(value))
        return None
    name = value.get("protocol")
    protocol = known.get(name) if isinstance(name, str) else None
    if protocol is None:
        notes.unknown(("protocol",), "a protocol", name, known)
        return None
    said = Language(protocol).root.read(value, (), notes)
    if said is None:
        return None
    parts = {"facts": said.get("world"), "rules": said.get("limits")}
    rest = {key: said[key] for key in ("seed", "speed", "steps", "network", "misbehave") if key in said}
    return Scenario(path.stem, said["scenario"], protocol, path=path, **parts, **rest)


@cache
def _all_protocols() -> Mapping[str, Protocol]:
    return {name: protocols.load(name) for name in protocols.names()}
