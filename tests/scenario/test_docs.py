"""The reference of the language cannot rot: it names every key, and its examples can be played."""

import re
from pathlib import Path

import pytest

import harness
from harness.scenario.loading import parse, schema

TEXT = (Path(harness.__file__).parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")


def keys(part):
    """All keys of mappings that a part of the schema allows."""
    if isinstance(part, list):
        return {key for each in part for key in keys(each)}
    if not isinstance(part, dict):
        return set()
    named = {key for key in part.get("properties", {}) if "." not in key}
    return named | {key for each in part.values() for key in keys(each)}


def test_every_key_of_the_schema_is_documented():
    definitions = {name: part for name, part in schema()["definitions"].items() if not name.endswith(".changes")}
    # The examples of `where` are paths of messages, which the protocol documents.
    known = {key for key in keys(definitions) if key not in ("type", "id", "ts", "session", "data")}
    assert len(known) > 40
    assert {key for key in known if f"`{key}`" not in TEXT} == set()


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_every_example_can_be_played(example):
    assert parse(example, Path("example.yaml")).title
