"""YAML files, read by the rules of YAML 1.2 (`no` and `1:30` are text), with the line of every node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
import yamlcore

Place = tuple[str | int, ...]  # The keys and indexes that lead to a node.


class YamlError(ValueError):
    """A file is no YAML, or says a key twice. The text names file and line."""


@dataclass(frozen=True)
class Document:
    """A YAML file's value, and where in the file each part of it stands (lines count from 1)."""

    name: str
    value: Any
    lines: dict[Place, int]
    columns: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of the node at `place`, or of its nearest parent that is there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read(path: Path) -> Document:
    """Read a YAML file. Errors: YamlError; OSError as `open` raises it."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}:1: expected text in UTF-8, found other bytes at position {error.start}") from error
    return parse(text, str(path))


def parse(text: str, name: str = "<text>") -> Document:
    """Read YAML text; `name` is what errors call it."""
    loader = yamlcore.CCoreLoader(text)
    try:
        root = loader.get_single_node()
        lines: dict[Place, int] = {}
        columns: dict[Place, int] = {}
        if root is not None:
            _survey(root, (), lines, columns, name)
        value = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlError(f"{name}:{line}: {error.problem or error.context}") from error
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a tag that its text does not fit, as in `!!int x`.
        raise YamlError(f"{name}:1: {error}") from error
    except RecursionError as error:
        raise YamlError(f"{name}:1: nested too deeply, or in itself") from error
    finally:
        loader.dispose()
    return Document(name, value, lines, columns)


def _survey(node: yaml.Node, place: Place, lines: dict[Place, int], columns: dict[Place, int], name: str) -> None:
    lines[place] = node.start_mark.line + 1
    columns[place] = node.start_mark.column + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError(f"{name}:{key.start_mark.line + 1}: expected a word as key, found a {key.id}")
            if key.value in seen:
                raise YamlError(f"{name}:{key.start_mark.line + 1}: the key {key.value!r} is there twice")
            seen.add(key.value)
            _survey(child, (*place, key.value), lines, columns, name)
            # The line of the key says more than that of its value, which may begin a line below.
            lines[(*place, key.value)] = key.start_mark.line + 1
            columns[(*place, key.value)] = key.start_mark.column + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _survey(child, (*place, index), lines, columns, name)
