"""The code base that the tools work on."""

import random

import pytest
from faker import Faker

from harness.protocols.megabot.project import new_project

FAKER = Faker("en_US")


@pytest.mark.parametrize("seed", range(20))
def test_every_python_file_can_be_compiled_and_every_module_has_tests(seed):
    project = new_project(random.Random(seed), FAKER)
    for path in project.files:
        if path.endswith(".py"):
            compile("\n".join(project.files[path]), path, "exec")
    modules = [path.removeprefix("src/") for path in project.below("src")]
    assert len(modules) == 6
    for module in modules:
        assert f"tests/unit/test_{module}" in project.files
        functions = [line.split("(")[0][4:] for line in project.files[f"src/{module}"] if line.startswith("def ")]
        tested = [t.split("::test_")[1] for t in project.tests("unit") if f"test_{module}::" in t]
        assert tested == functions


def test_the_same_chance_gives_the_same_project():
    assert new_project(random.Random(5), FAKER) == new_project(random.Random(5), Faker("en_US"))
    assert new_project(random.Random(5), FAKER) != new_project(random.Random(6), FAKER)


@pytest.mark.parametrize("path", ["", ".", "/", "./"])
def test_no_path_names_all_files(path):
    project = new_project(random.Random(1), FAKER)
    assert project.below(path) == list(project.files)


def test_a_path_names_a_file_or_a_folder():
    project = new_project(random.Random(1), FAKER)
    assert project.below("README.md") == ["README.md"]
    assert project.below("./tests/e2e/") == ["tests/e2e/test_start.py"]
    assert project.below("README") == project.below("sr") == []


def test_all_tests_are_those_of_the_suites():
    project = new_project(random.Random(1), FAKER)
    suites = [project.tests(suite) for suite in ("e2e", "integration", "unit")]
    assert sorted(project.tests("")) == sorted(test for suite in suites for test in suite)
    assert all(suites)
