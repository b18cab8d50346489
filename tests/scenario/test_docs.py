"""The reference of the language cannot rot: it names every key, and its examples can be played."""

import re
from pathlib import Path

import pytest

import harness
from harness import protocols
from harness.scenario.loading import parse, schema
from harness.scenario.values import key_of

DOCS = Path(harness.__file__).parents[1] / "docs"
TEXT = (DOCS / "scenarios.md").read_text(encoding="utf-8")
PATHS = ("where", "with")  # What these hold are paths of messages, which the protocol's document describes.


def page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def keys(part):
    """All keys of mappings that a part of the schema allows."""
    if isinstance(part, list):
        return {key for each in part for key in keys(each)}
    if not isinstance(part, dict):
        return set()
    deeper = {key for name, each in part.items() if name not in PATHS for key in keys(each)}
    return deeper | set(part.get("properties", ()))


@pytest.mark.parametrize("name", protocols.names())
def test_every_key_of_a_protocols_files_is_documented(name):
    parts = schema()["definitions"]
    known = keys([part for each, part in parts.items() if each in (name, f"{name}.action")])
    assert len(known) > 30
    assert {key for key in known if f"`{key}`" not in TEXT + page(name)} == set()


@pytest.mark.parametrize("name", protocols.names())
def test_live_facts_are_called_live(name):
    [line] = [line for line in page(name).splitlines() if line.startswith("Live facts")]
    assert set(re.findall(r"`(\w+)`", line)) == {key_of(each) for each in protocols.load(name).world.LIVE}


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_every_example_can_be_played(example):
    assert parse(example, Path("example.yaml")).title
