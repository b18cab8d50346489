import os

import pytest

from harness.conformance.report.files import Files, UnwritableError


def test_each_format_is_written_to_its_file(told, tmp_path):
    files = Files(tmp_path / "r.json", tmp_path / "r.xml", tmp_path / "r.md", tmp_path / "r.html")
    files.require_writable()
    assert list(tmp_path.iterdir()) == []
    told["verdicts"][1]["reason"] = "\ud800"  # Of what no UTF-8 can tell, its number is told.
    files.write(told)
    starts = {path.suffix: path.read_text(encoding="utf-8")[:9] for path in tmp_path.iterdir()}
    assert starts == {".json": '{\n  "sche', ".xml": "<?xml ver", ".md": "## VIOLAT", ".html": "<!doctype"}


def test_what_is_not_wanted_is_not_written(told, tmp_path):
    Files(html=tmp_path / "r.html").write(told, told)
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no/r.html", "there is no folder .*no; create it first"),
        ("file/r.html", ".*file is no folder"),
        ("", "it is a folder; expected a file in it"),
    ],
)
def test_what_cannot_be_written_is_told(name, problem, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableError, match=rf"^--html: .* cannot be written: {problem}$"):
        Files(html=tmp_path / name).require_writable()


def test_what_may_not_be_written_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # The tests may run as root, who may do all.
    with pytest.raises(UnwritableError, match=r"^--json: .*r\.json cannot be written: permission is denied$"):
        Files(json=tmp_path / "r.json").require_writable()
