from __future__ import annotations

import pytest

from harness.wire.yaml import YamlError, parse, read

SCENARIO = """\
# An order
scenario: Two fills
steps:
  - when: Approve
    reply:
      - Status.acknowledged
  - at: 30s
"""


def test_the_traps_of_yaml_1_1_are_read_as_text():
    assert parse("{a: no, b: on, c: 1:30, d: 2024-01-15}").value == {
        "a": "no",
        "b": "on",
        "c": "1:30",
        "d": "2024-01-15",
    }


def test_the_core_types_are_read():
    assert parse("{a: 1, b: 1.5, c: true, d: null, e: 0o17}").value == {"a": 1, "b": 1.5, "c": True, "d": None, "e": 15}


def test_an_empty_file_holds_nothing():
    document = parse("# nothing but a comment\n")
    assert document.value is None
    assert document.line(("steps", 0)) == 1


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 2),
        (("scenario",), 2),
        (("steps",), 3),
        (("steps", 0), 4),
        (("steps", 0, "when"), 4),
        (("steps", 0, "reply"), 5),
        (("steps", 0, "reply", 0), 6),
        (("steps", 1, "at"), 7),
    ],
)
def test_every_node_knows_its_line(place, line):
    assert parse(SCENARIO).line(place) == line


def test_what_is_not_there_is_sought_at_its_nearest_parent():
    assert parse(SCENARIO).line(("steps", 0, "replies", 3)) == 4


def test_columns_count_from_one():
    assert parse(SCENARIO).columns["steps", 0, "reply"] == 5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3", "<text>:3: the key 'a' is there twice"),
        ("a: 1\nb: [1", "<text>:3: did not find expected"),
        ("- *nobody", "<text>:1: found undefined alias"),
        ("a: !!python/object:os.system x", "<text>:1: could not determine a constructor"),
        ("--- 1\n--- 2", "<text>:2: but found another document"),
        ("\x00", "<text>:1: unacceptable character"),
        ("a: !!int x", "<text>:1: invalid literal"),
        ("a: 1\n? [1, 2]\n: 3", "<text>:2: expected a word as key, found a sequence"),
        ("&a [*a]", "<text>:1: nested too deeply, or in itself"),
    ],
)
def test_bad_yaml_is_refused_with_its_line(text, complaint):
    with pytest.raises(YamlError) as refusal:
        parse(text)
    assert str(refusal.value).startswith(complaint)


def test_errors_call_a_file_by_its_path(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("a: [")
    with pytest.raises(YamlError, match=r"broken\.yaml:2"):
        read(path)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: Zoë".encode("latin-1"))
    with pytest.raises(YamlError, match=r"latin\.yaml:1: expected text in UTF-8, found other bytes at position 8"):
        read(path)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text("name: Zoë", encoding="utf-8")
    document = read(path)
    assert (document.name, document.value) == (str(path), {"name": "Zoë"})
