"""What `ws-harness scenarios` prints, and how it ends."""

import json

import pytest
from typer.testing import CliRunner

from harness import protocols
from harness.cli import app

GOOD = "scenario: Nothing happens\nprotocol: skybit\n"
BAD = "scenario: Too fast\nprotocol: skybit\nspeed: 0\nsead: 1\n"


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*words):
        result = CliRunner().invoke(app, ["scenarios", *map(str, words)])
        return result.exit_code, result.output

    return invoke


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "skybit").mkdir()
    (tmp_path / "nothing.yaml").write_text(GOOD)
    (tmp_path / "skybit" / "fast.yaml").write_text(BAD)
    return tmp_path


def test_list_names_every_scenario_and_what_happens(run):
    status, text = run("list")
    assert status == 0
    rows = [line.strip().split(maxsplit=2) for line in text.splitlines()]
    assert ["skybit", "happy-path", "A trade goes well, from Auth to the last fill"] in rows
    assert {row[0] for row in rows[1:]} == set(protocols.names())


def test_list_begins_with_the_users_own_and_marks_what_cannot_be_played(run, folder):
    status, text = run("list", "--scenarios", folder)
    lines = text.splitlines()
    assert status == 1
    assert lines[1].split() == ["skybit", "nothing", "Nothing", "happens"]
    assert "cannot be played: ws-harness scenarios lint" in lines[2]
    assert sum(line.split()[1] == "nothing" for line in lines) == 1


def test_show_prints_the_file_of_a_name(run):
    status, text = run("show", "happy-path")
    assert status == 0
    assert "scenario: A trade goes well, from Auth to the last fill" in text


def test_show_prints_a_file(run, folder):
    status, text = run("show", folder / "nothing.yaml")
    assert (status, "scenario: Nothing happens" in text) == (0, True)


def test_show_wants_to_know_which_one_is_meant_where_several_have_the_name(run, tmp_path):
    for name in ("megabot", "skybit"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.yaml").write_text(f"scenario: One of {name}\nprotocol: {name}\n")
    status, text = run("show", "mine", "--scenarios", tmp_path)
    assert (status, "found 'mine' of several protocols: megabot/mine and skybit/mine" in text) == (2, True)
    status, text = run("show", "skybit/mine", "--scenarios", tmp_path)
    assert (status, "One of skybit" in text, "megabot" in text) == (0, True, False)


def test_show_offers_the_nearest_name(run):
    status, text = run("show", "hapy-path")
    assert status == 2
    assert "expected the name of a scenario or a file, found 'hapy-path'. Did you mean 'happy-path'?" in text


def test_show_tells_that_a_file_cannot_be_read(run, folder):
    status, text = run("show", folder / "nowhere.yaml")
    assert (status, "nowhere.yaml: expected a YAML file in UTF-8, found none" in text) == (2, True)


def test_lint_of_the_shipped_scenarios_finds_nothing(run):
    status, text = run("lint")
    assert status == 0
    assert text.endswith("files, no mistakes\n")


def test_lint_tells_every_mistake(run, folder):
    status, text = run("lint", folder)
    assert status == 1
    assert "fast.yaml:3: speed: expected a number above 0, found the number 0." in text
    assert "fast.yaml:4: sead: expected a key of a scenario" in text
    assert text.endswith("2 files, 2 mistakes\n")


def test_lint_of_one_good_file(run, folder):
    assert run("lint", folder / "nothing.yaml") == (0, "1 file, no mistakes\n")


def test_lint_of_nothing_could_not_run(run, folder):
    status, text = run("lint", folder / "nowhere")
    assert (status, "expected files or folders with scenarios, found none in" in text) == (2, True)


def test_schema_prints_the_published_schema(run):
    status, text = run("schema")
    assert (status, json.loads(text)["title"]) == (0, "A scenario of ws-harness")
