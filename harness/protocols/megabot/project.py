"""The code base that MegaBot's tools work on: files with lines, so that what one tool says, another confirms."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from faker import Faker

SUITES = ("unit", "integration", "e2e")
FLAWED_SHARE = 0.15
_MODULES = 6
_VERBS = ("load", "parse", "merge", "render", "validate", "store", "count", "sort", "split", "format")


@dataclass(frozen=True, slots=True)
class Project:
    """Path -> lines of each file, and the version that is being worked on."""

    files: Mapping[str, Sequence[str]]
    version: str

    def below(self, path: str) -> list[str]:
        """The files that `path` names: itself, or all in that folder; all there are when it is empty."""
        folder = path.strip("/").removeprefix("./").rstrip(".")
        return [each for each in self.files if not folder or each == folder or each.startswith(f"{folder}/")]

    def tests(self, suite: str) -> list[str]:
        """The tests of a suite, as path::name."""
        return [
            f"{path}::{line[4:].partition('(')[0]}"
            for path in self.below(f"tests/{suite}" if suite else "tests")
            for line in self.files[path]
            if line.startswith("def test_")
        ]


def new_project(chance: random.Random, faker: Faker) -> Project:
    """A project of some Python modules with their tests; the same chance gives the same one."""
    faker.seed_instance(chance.getrandbits(64))
    faker.unique.clear()
    names = [_noun(faker) for _ in range(_MODULES)]
    functions = {name: chance.sample(_VERBS, chance.randint(2, 4)) for name in names}
    version = f"1.{chance.randint(0, 20)}.{chance.randint(0, 9)}"
    files = {"README.md": tuple(_readme(names, faker))}
    for name, verbs in functions.items():
        files[f"src/{name}.py"] = tuple(_module(name, verbs, chance, faker))
        files[f"tests/unit/test_{name}.py"] = tuple(_tests(name, [f"{verb}_{name}" for verb in verbs]))
    files["tests/integration/test_flow.py"] = tuple(_tests("flow", [f"{a}_with_{b}" for a, b in pairwise(names)]))
    files["tests/e2e/test_start.py"] = tuple(_tests("start", [f"open_{name}" for name in names[:3]]))
    return Project(files, version)


def _noun(faker: Faker) -> str:
    word: str = faker.unique.word(part_of_speech="noun")
    return word


def _readme(names: Sequence[str], faker: Faker) -> Iterator[str]:
    yield from (f"# {faker.catch_phrase()}", "", "| module | purpose |", "|---|---|")
    yield from (f"| {name} | {faker.bs()} |" for name in names)


def _module(name: str, verbs: Sequence[str], chance: random.Random, faker: Faker) -> Iterator[str]:
    """A module, now and then with a flaw that a linter finds: an import too many, a long line, a blank at its end."""
    yield f'"""{name.capitalize()}: {faker.bs()}."""'
    if chance.random() < FLAWED_SHARE:
        yield from ("", f"import {chance.choice(('os', 'sys', 'json', 're'))}")
    for verb in verbs:
        yield from ("", "", f"def {verb}_{name}(items):")
        note = f" Use it to {faker.bs()}, and to {faker.bs()}." if chance.random() < FLAWED_SHARE else ""
        yield f'    """{verb.capitalize()} each {name} of these items.{note}"""'
        yield f"    return [item.{verb}() for item in items if item]{' ' if chance.random() < FLAWED_SHARE else ''}"


def _tests(name: str, cases: Sequence[str]) -> Iterator[str]:
    yield f'"""Tests of {name}."""'
    for case in cases:
        yield from ("", "", f"def test_{case}():", f"    assert {case}([]) == []")
