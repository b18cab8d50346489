"""The shape of the house: who may look into which room, and how large things may grow."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "harness"
FILES = sorted(HOUSE.rglob("*.py"))
ALL_FILES = [*FILES, *sorted((ROOT / "tests").rglob("*.py"))]

# Room -> the rooms of the house that it may look into, beside itself. `cli` opens all doors.
ROOMS = {
    "core": set(),
    "wire": {"core"},
    "pages": set(),
    "scenario": {"core", "wire", "protocols"},
    "server": {"core", "wire", "scenario", "protocols"},
    "conformance": {"core", "wire", "pages", "scenario", "protocols"},
    "load": {"core", "wire", "pages", "protocols"},
    "protocols": {"core"},
}
# What a protocol's own modules may look into beside the core; all others are pure.
PROTOCOL_MODULES = {
    "checks": {"core", "conformance"},
    "lab": {"core", "conformance"},
    "users": {"core", "load"},
    "credentials": {"core", "wire"},
}
# These heavy packages come in by these doors only.
DOORS = {
    "aiohttp": ("harness/server/", "harness/conformance/socket", "harness/load/frames"),
    "locust": ("harness/load/", "users.py"),
    "gevent": ("harness/load/", "users.py"),
}
# Time and chance are arguments here: nothing reads a clock, sleeps or draws from the global stream.
PURE = ("core", "protocols", "scenario")
CLOCKS = {"time", "secrets", "threading"}
IMPURE_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4"}

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def imports(path):
    """The full names of all that a file imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_seen(path):
    """The rooms of the house that a file looks into."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("harness.")} & set(ROOMS)


def room_of(path):
    return path.relative_to(HOUSE).parts[0]


def protocol_files():
    return [path for path in FILES if room_of(path) == "protocols" and len(path.relative_to(HOUSE).parts) > 2]


def module_of_protocol(path):
    """`checks` for harness/protocols/skybit/checks/auth.py, `session` for harness/protocols/skybit/session.py."""
    return path.relative_to(HOUSE).parts[2].removesuffix(".py")


def may_see(path):
    if path in protocol_files():
        return PROTOCOL_MODULES.get(module_of_protocol(path), {"core"}) | {"protocols"}
    return ROOMS[room_of(path)] | {room_of(path)}


IN_ROOMS = [path for path in FILES if room_of(path) in ROOMS]


@pytest.mark.parametrize("path", IN_ROOMS, ids=name_of)
def test_imports_go_one_way(path):
    assert rooms_seen(path) <= may_see(path)


@pytest.mark.parametrize("path", protocol_files(), ids=name_of)
def test_no_protocol_knows_another(path):
    own = path.relative_to(HOUSE).parts[1]
    others = {name.split(".")[2] for name in imports(path) if name.startswith("harness.protocols.")}
    assert others <= {own}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_heavy_packages_come_in_by_their_doors_only(path):
    used = {name.split(".")[0] for name in imports(path)} & set(DOORS)
    for package in used:
        assert any(door in name_of(path) for door in DOORS[package]), package


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) == "core"], ids=name_of)
def test_the_core_needs_the_standard_library_only(path):
    outside = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names)
    assert outside <= {"harness"}


def pure_files():
    users = [path for path in protocol_files() if module_of_protocol(path) == "users"]  # They measure a real server.
    return [path for path in FILES if room_of(path) in PURE and path not in users]


@pytest.mark.parametrize("path", pure_files(), ids=name_of)
def test_time_and_chance_are_arguments(path):
    assert not {name.split(".")[0] for name in imports(path)} & CLOCKS
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            said = ast.unparse(node)
            assert said not in IMPURE_CALLS, f"line {node.lineno}"
            # `random.Random` is a stream of one's own; all else in that module is the global one.
            assert not said.startswith("random.") or said == "random.Random", f"line {node.lineno}: {said}"
        if isinstance(node, ast.ImportFrom) and node.module == "random":
            assert {alias.name for alias in node.names} <= {"Random"}, f"line {node.lineno}"


def docstrings(path):
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree(path)):
        if isinstance(node, owners) and ast.get_docstring(node) is not None:
            yield node.body[0].value


def words_in_code(path):
    """Every name and every text in a file's code, docstrings and other sentences left out."""
    prose = set(docstrings(path))
    yield from imports(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield from [] if " " in node.value else [node.value]


PROTOCOL_NAMES = sorted(each.name for each in (HOUSE / "protocols").iterdir() if (each / "__init__.py").exists())


@pytest.mark.parametrize("path", [path for path in FILES if path not in protocol_files()], ids=name_of)
def test_a_protocol_is_a_folder_and_nothing_else_names_it(path):
    for word in words_in_code(path):
        assert not [name for name in PROTOCOL_NAMES if name in word.lower()], word


@pytest.mark.parametrize("path", ALL_FILES, ids=name_of)
def test_files_stay_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", ALL_FILES, ids=name_of)
def test_functions_stay_short(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} in line {node.lineno} has {length} lines"


def test_the_tests_mirror_the_core_and_the_wire():
    for room in ("core", "wire"):
        for path in (HOUSE / room).glob("[!_]*.py"):
            assert (ROOT / "tests" / room / f"test_{path.name}").exists(), name_of(path)
