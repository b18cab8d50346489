"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import harness.core
import harness.wire

MODULES = [
    importlib.import_module(f"{package.__name__}.{info.name}")
    for package in (harness.core, harness.wire)
    for info in pkgutil.iter_modules(package.__path__)
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.failed == 0


def test_there_are_examples():
    assert sum(len(test.examples) for m in MODULES for test in doctest.DocTestFinder().find(m)) > 10
