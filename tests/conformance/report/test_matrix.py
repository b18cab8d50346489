"""The matrix as a page, as JSON and on a terminal."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html import unescape

import pytest
from rich.console import Console
from typer.testing import CliRunner

from harness.cli import app
from harness.conformance.matrix import Cell, Matrix, Row
from harness.conformance.report import matrix
from harness.conformance.requirement import Requirement

NOTICED = Cell("SKY-HB-01", "has-no-heart", "Never answers.", "failed", "they_are_answered", "found <script>alert(1)")
MISSED = Cell("SKY-HB-02", "echoes", "Echoes.", "passed", others=("SKY-HB-01",), strays=("SKY-HB-01",))
ROWS = (
    Row(Requirement("SKY-HB-01", "MUST", "server", "Heartbeat", "It is answered."), ("they_are_answered",), (NOTICED,)),
    Row(Requirement("SKY-HB-02", "SHOULD", "server", "Heartbeat", "It is quick."), ("they_are_quick",), (MISSED,)),
    Row(Requirement("SKY-CLI-01", "MAY", "client", "Clients", "They wait."), ("they_wait",), ()),
    Row(Requirement("SKY-CLI-02", "MAY", "client", "Clients", "They sleep.", excluded="nobody can see it"), (), ()),
)
MATRIX = Matrix("skybit", ROWS, whole=True)
PROVED = Matrix("skybit", (ROWS[0], *ROWS[2:]))


@pytest.fixture
def page():
    return matrix.html_text([MATRIX])


def test_json_tells_all_rows_with_their_checks_and_defects():
    told = json.loads(matrix.json_text([MATRIX]))
    assert told["whole"]
    assert told["wrong"] == MATRIX.wrong
    [suite] = told["suites"]
    assert [row["state"] for row in suite["rows"]] == ["passed", "failed", "excluded", "excluded"]
    first, second, *_ = suite["rows"]
    assert first["checks"] == ["they are answered"]
    assert first["defects"][0]["found"] == NOTICED.found
    assert second["defects"][0]["strays"] == ["SKY-HB-01"]


def test_the_page_tells_every_requirement_check_defect_and_verdict(page):
    words = re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", page)))
    for row in ROWS:
        assert row.requirement.id in words
        assert row.requirement.text in words
    for wanted in (
        *("they are answered", "has-no-heart", "Never answers.", "found <script>alert(1)", "UNPROVED"),
        *("not declared: SKY-HB-01", "nobody can see it", "1 of 2 defects noticed", *MATRIX.wrong),
    ):
        assert wanted in words
    assert "<script>alert" not in page


def test_every_place_in_the_page_is_one_and_every_link_leads_to_one(page):
    places = re.findall(r'\bid="([^"]+)"', page)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(places)


def test_a_page_where_all_is_proved_says_so():
    page = matrix.html_text([PROVED])
    assert "PROVED" in page
    assert "UNPROVED" not in page
    assert "class=alert" not in page
    assert 'class="alert"' not in page


@pytest.mark.parametrize(("each", "word"), [(MATRIX, "UNPROVED"), (PROVED, "PROVED")])
def test_the_terminal_counts_and_tells_what_is_wrong(each, word):
    out = io.StringIO()
    matrix.show([each], Console(file=out, width=120))
    lines = out.getvalue().splitlines()
    assert lines[-1].strip() == word
    assert [line for line in lines if line.strip() in each.wrong] == each.wrong
    assert lines[1].split() == ["skybit", str(len(each.rows)), "2" if each is PROVED else "3", *lines[1].split()[3:]]


def test_the_command_writes_both_files(tmp_path):
    files = ["--html", str(tmp_path / "m.html"), "--json", str(tmp_path / "m.json")]
    result = CliRunner().invoke(app, ["matrix", "wire", *files])
    assert result.exit_code == 0, result.output
    assert "PROVED" in result.output
    assert (tmp_path / "m.html").read_text().count("RFC-HAND-01") > 1
    assert len(json.loads((tmp_path / "m.json").read_text())["suites"]) == 1


def test_the_command_ends_with_1_where_a_defect_was_missed(monkeypatch):
    monkeypatch.setattr("harness.conformance.matrix.build", lambda names, whole, told: [MATRIX])
    result = CliRunner().invoke(app, ["matrix"])
    assert result.exit_code == 1
    assert "SKY-HB-02 is passed on a server with echoes" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["skybitt"], "Did you mean 'skybit'?"),
        (["wire", "--html", "/no/such/m.html"], "--html: /no/such/m.html cannot"),
    ],
)
def test_what_cannot_be_made_is_told_at_once(words, told):
    result = CliRunner().invoke(app, ["matrix", *words])
    assert result.exit_code == 2
    assert told in re.sub(r"\s+", " ", result.stderr)


def test_rows_are_told_alike_whatever_is_replaced():
    """A row without a check of a server is nothing to prove."""
    bare = replace(ROWS[0], checks=(), cells=())
    assert json.loads(matrix.json_text([Matrix("skybit", (bare,))]))["suites"][0]["rows"][0]["state"] == "excluded"
